#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck::http {

/// What the codec can find wrong or remarkable in a message. The names are those of docs/http-rules.md, of metrics and
/// of `rules` in `list --json`.
enum class Rule : std::uint8_t {
  none,
  leading_crlf,
  request_line,
  method,
  method_refused,
  version,
  target_form,
  target_length,
  target_bytes,
  status_line,
  bare_cr,
  bare_lf,
  leading_space,
  field_name,
  space_before_colon,
  obs_fold,
  field_value,
  head_size,
  host,
  length_invalid,
  length_repeated,
  coding_unknown,
  coding_invalid,
  coding_and_length,
  bodyless_fields,
  chunk_size,
  chunk_end,
  chunk_extension,
  trailer,
  trailer_forbidden,
  connection_names,
  alias,
  interim,
  date_missing,
  excess_bytes,
  framing_ambiguous,
};
inline constexpr std::uint8_t kRuleCount = 36;

std::string_view name_of(Rule rule);

class RuleSet {
 public:
  constexpr void add(Rule rule) {
    if (rule != Rule::none) x_bits |= std::uint64_t{1} << static_cast<unsigned>(rule);
  }
  constexpr bool has(Rule rule) const { return (x_bits >> static_cast<unsigned>(rule) & 1) != 0; }
  constexpr bool empty() const { return x_bits == 0; }
  constexpr RuleSet operator|(RuleSet other) const {
    other.x_bits |= x_bits;
    return other;
  }
  bool operator==(const RuleSet&) const = default;
  std::string names() const;  // space-separated, in the order above

 private:
  std::uint64_t x_bits = 0;
};

}  // namespace tapedeck::http
