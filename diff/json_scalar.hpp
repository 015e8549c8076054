#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapedeck::diff {

/// A JSON number as a decimal: 0.digits x 10^exponent, digits without outer zeros; zero has none and no sign.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t exponent = 0;
  bool operator==(const Decimal&) const = default;
};
/// Nothing if the token is no number by RFC 8259. An exponent too large to count with leaves the token itself as
/// digits, so that it equals only itself.
std::optional<Decimal> parse_decimal(std::string_view token);

/// Equal within 1e-9 of the larger, one of them with a fraction or an exponent: written by other floating-point code.
bool differs_by_rounding(std::string_view a, std::string_view b);

/// Appends what stands between the quotes of a JSON string; a lone surrogate stays, as WTF-8. False if an escape is
/// none.
bool unescape_json(std::string_view between_quotes, std::string& out);

/// XXH3-64 of the canonical value: equal for numbers and strings that differ in spelling only. Nothing if the token
/// is not valid JSON. `scratch` saves allocations.
std::optional<std::uint64_t> hash_number(std::string_view token, std::uint64_t seed);
std::optional<std::uint64_t> hash_string(std::string_view between_quotes, std::uint64_t seed, std::string& scratch);

}  // namespace tapedeck::diff
