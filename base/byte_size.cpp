#include "base/byte_size.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/text.hpp"

namespace tapedeck {
namespace {

struct Unit {
  std::string_view name;  // lower case
  std::uint64_t bytes;
};
constexpr std::array kUnits{Unit{"", 1},
                            Unit{"b", 1},
                            Unit{"kb", 1'000},
                            Unit{"mb", 1'000'000},
                            Unit{"gb", 1'000'000'000},
                            Unit{"tb", 1'000'000'000'000},
                            Unit{"kib", 1ull << 10},
                            Unit{"mib", 1ull << 20},
                            Unit{"gib", 1ull << 30},
                            Unit{"tib", 1ull << 40}};

Error bad(std::string_view text, std::string_view why) {
  return make_error(fmt::format("size \"{}\": {}; try 64MiB or 10GB", text, why));
}

}  // namespace

Result<ByteSize> parse_byte_size(std::string_view text) {
  long double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || !std::isfinite(number)) return bad(text, "not a number of bytes");
  if (std::signbit(number)) return bad(text, "negative");
  std::string_view name(stop, static_cast<std::size_t>(end - stop));
  if (name.size() > 1 && name.front() == ' ') name.remove_prefix(1);  // as to_string writes it
  const std::string unit_name = to_lower(name);
  for (const Unit& unit : kUnits) {
    if (unit.name != unit_name) continue;
    const long double bytes = number * static_cast<long double>(unit.bytes);
    if (unit.bytes == 1 && bytes != std::floor(bytes)) return bad(text, "not a whole number of bytes");
    const long double rounded = std::nearbyint(bytes);
    if (!(rounded < 0x1p64L)) return bad(text, "2^64 bytes or more");
    return ByteSize{static_cast<std::uint64_t>(rounded)};
  }
  return bad(text, "the unit is not one of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB");
}

std::string to_string(ByteSize size) {
  constexpr std::array kNames{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (size.bytes < 1024) return fmt::format("{} B", size.bytes);
  auto value = static_cast<double>(size.bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would be shown as 1024.0.
  for (; value >= 1023.95 && unit + 1 < kNames.size(); ++unit) value /= 1024;
  std::string number = fmt::format("{:.1f}", value);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return fmt::format("{} {}", number, kNames[unit]);
}

}  // namespace tapedeck
