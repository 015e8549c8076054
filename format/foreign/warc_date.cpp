#include "format/foreign/warc_date.hpp"

#include <array>
#include <chrono>

#include "format/foreign/utc_text.hpp"

namespace tapedeck::format {
namespace {

/// Cuts `digits` digits off `text`.
std::optional<unsigned> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

/// `.5` as nanoseconds; nothing if it is no fraction.
std::optional<unsigned> take_fraction(std::string_view& text) {
  unsigned value = 0;
  std::size_t digits = 0;
  text.remove_prefix(1);
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 9) value = value * 10 + static_cast<unsigned>(text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) value *= 10;
  return value;
}

}  // namespace

std::optional<Time> parse_warc_date(std::string_view text) {
  using namespace std::chrono;
  if (text.ends_with('Z')) text.remove_suffix(1);
  std::array<unsigned, 6> parts{1970, 1, 1, 0, 0, 0};  // year ... second
  constexpr std::string_view kBefore = " --T::";
  for (std::size_t i = 0; i < parts.size() && !(i > 0 && text.empty()); ++i) {
    if (i > 0) {
      if (text.front() != kBefore[i] && !(i == 3 && text.front() == ' ')) return std::nullopt;
      text.remove_prefix(1);
    }
    const auto part = take_number(text, i == 0 ? 4 : 2);
    if (!part) return std::nullopt;
    parts[i] = *part;
  }
  std::optional<unsigned> fraction = 0;
  if (text.starts_with('.')) fraction = take_fraction(text);
  if (!fraction || !text.empty()) return std::nullopt;
  const year_month_day day(year(static_cast<int>(parts[0])), month(parts[1]), std::chrono::day(parts[2]));
  if (!day.ok() || parts[0] < 1970 || parts[0] > 2200 || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) {
    return std::nullopt;
  }
  return Time(sys_days(day)) + hours(parts[3]) + minutes(parts[4]) + seconds(parts[5]) + nanoseconds(*fraction);
}

std::string warc_date(Time time) { return utc_text(time, SecondDigits::nine); }

}  // namespace tapedeck::format
