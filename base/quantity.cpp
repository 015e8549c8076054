#include "base/quantity.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace tapedeck {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::array kUnits{
    Unit{"ns", 1},           Unit{"us", 1'000},         Unit{"ms", 1'000'000},      Unit{"s", kSecond},
    Unit{"m", 60 * kSecond}, Unit{"h", 3600 * kSecond}, Unit{"d", 86'400 * kSecond}};

Error bad(std::string_view what, std::string_view text, std::string_view why, std::string_view right) {
  return make_error(fmt::format("{} \"{}\": {}; try {}", what, text, why, right));
}

/// A finite decimal number at the start of `text`, and how many characters it took.
struct Prefix {
  long double value;
  std::size_t length;
};

// from_chars also reads "inf" and "nan", and says result_out_of_range for both overflow and underflow.
std::optional<Prefix> number_prefix(std::string_view text) {
  long double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || !std::isfinite(value)) return std::nullopt;
  return Prefix{value, static_cast<std::size_t>(stop - text.data())};
}

std::optional<double> whole_number(std::string_view text) {
  const auto number = number_prefix(text);
  if (!number || number->length != text.size()) return std::nullopt;
  const auto value = static_cast<double>(number->value);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> to_int64(long double value) {
  const long double rounded = std::nearbyint(value);
  // 2^63 is exact in every floating type; the largest int64 may not be.
  if (!(rounded < 0x1p63L) || !(rounded >= -0x1p63L)) return std::nullopt;
  return static_cast<std::int64_t>(rounded);
}

Result<double> positive(std::string_view what, std::string_view text, std::string_view number, std::string_view right) {
  const auto value = whole_number(number);
  if (!value || !(*value > 0)) return bad(what, text, "not a positive number", right);
  return *value;
}

/// Reads fixed-width pieces from the front of a text; once a piece is wrong, it stays wrong.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : x_text(text) {}

  int digits(std::size_t width) {
    int value = 0;
    if (x_text.size() < width) return fail();
    for (const char c : x_text.substr(0, width)) {
      if (c < '0' || c > '9') return fail();
      value = value * 10 + (c - '0');
    }
    x_text.remove_prefix(width);
    return value;
  }

  char one_of(std::string_view allowed) {
    if (x_text.empty() || allowed.find(x_text.front()) == std::string_view::npos) return static_cast<char>(fail());
    const char c = x_text.front();
    x_text.remove_prefix(1);
    return c;
  }

  /// `.123456789` if there is one; digits beyond nanoseconds are cut off.
  std::int64_t fraction_ns() {
    if (x_text.empty() || x_text.front() != '.') return 0;
    x_text.remove_prefix(1);
    std::int64_t ns = 0;
    std::int64_t place = kSecond / 10;
    std::size_t n = 0;
    for (; n < x_text.size() && x_text[n] >= '0' && x_text[n] <= '9'; ++n, place /= 10) ns += (x_text[n] - '0') * place;
    if (n == 0) fail();
    x_text.remove_prefix(n);
    return ns;
  }

  bool done() const { return x_good && x_text.empty(); }

 private:
  int fail() {
    x_good = false;
    x_text = {};
    return 0;
  }

  std::string_view x_text;
  bool x_good = true;
};

std::optional<Time> parse_rfc3339(std::string_view text) {
  Scanner in(text);
  const int year = in.digits(4);
  in.one_of("-");
  const int month = in.digits(2);
  in.one_of("-");
  const int day = in.digits(2);
  in.one_of("Tt ");
  const int hour = in.digits(2);
  in.one_of(":");
  const int minute = in.digits(2);
  in.one_of(":");
  const int second = in.digits(2);
  const std::int64_t ns = in.fraction_ns();
  const char zone = in.one_of("Zz+-");
  const bool has_offset = zone == '+' || zone == '-';
  const int offset_hour = has_offset ? in.digits(2) : 0;
  if (has_offset) in.one_of(":");
  const int offset_minute = has_offset ? in.digits(2) : 0;

  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  const bool clock_ok = hour < 24 && minute < 60 && second <= 60 && offset_hour < 24 && offset_minute < 60;
  // What int64 nanoseconds hold; the years at the edges are left out whole.
  if (!in.done() || !date.ok() || !clock_ok || year < 1678 || year > 2261) return std::nullopt;
  const int offset = (offset_hour * 60 + offset_minute) * (zone == '-' ? -60 : 60);
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + hour * 3600 + minute * 60 + second - offset;
  return time_from_ns(seconds * kSecond + ns);
}

std::optional<Time> parse_epoch_ns(std::string_view text) {
  std::int64_t ns = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), ns);
  if (failure != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return time_from_ns(ns);
}

/// One decimal below 100 unless it is zero, none from there on.
std::string short_number(double value) {
  std::string text = fmt::format("{:.{}f}", value, value < 99.95 ? 1 : 0);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string format_long(std::uint64_t seconds) {
  const std::uint64_t minutes = seconds / 60;
  const std::uint64_t hours = minutes / 60;
  if (hours == 0) return fmt::format("{}m{:02}s", minutes, seconds % 60);
  if (hours < 24) return fmt::format("{}h{:02}m", hours, minutes % 60);
  return fmt::format("{}d{:02}h", hours / 24, hours % 24);
}

}  // namespace

Result<double> parse_number(std::string_view text) {
  if (const auto value = whole_number(text)) return *value;
  return bad("number", text, "not a decimal number", "10 or 0.5");
}

Result<Duration> parse_duration(std::string_view text) {
  constexpr std::string_view kRight = "250ms, 5s or 10m";
  const auto number = number_prefix(text);
  if (!number) return bad("duration", text, "not a number with a unit", kRight);
  if (std::signbit(number->value)) return bad("duration", text, "negative", kRight);
  const std::string_view name = text.substr(number->length);
  if (name.empty()) return bad("duration", text, "the unit is missing", kRight);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    const auto ns = to_int64(number->value * static_cast<long double>(unit.ns));
    if (!ns) return bad("duration", text, "longer than 292 years", kRight);
    return Duration{*ns};
  }
  return bad("duration", text, "the unit is not one of ns, us, ms, s, m, h, d", kRight);
}

Result<double> parse_speed(std::string_view text) {
  const std::string_view number = text.ends_with('x') ? text.substr(0, text.size() - 1) : text;
  return positive("speed", text, number, "10x or 0.5");
}

Result<double> parse_rate(std::string_view text) {
  constexpr std::string_view kUnit = "/s";
  if (!text.ends_with(kUnit)) return bad("rate", text, "does not end in /s", "500/s");
  return positive("rate", text, text.substr(0, text.size() - kUnit.size()), "500/s");
}

Result<double> parse_share(std::string_view text) {
  constexpr std::string_view kRight = "5% or 0.05";
  const bool percent = text.ends_with('%');
  const auto number = whole_number(percent ? text.substr(0, text.size() - 1) : text);
  if (!number) return bad("share", text, "not a number", kRight);
  const double share = percent ? *number / 100 : *number;
  if (!(share >= 0 && share <= 1)) return bad("share", text, "not within 0% and 100%", kRight);
  return share;
}

Result<Time> parse_time(std::string_view text, Time start) {
  constexpr std::string_view kRight = "2024-05-01T12:00:00Z, nanoseconds since 1970, or +90s";
  if (text.starts_with('+')) {
    const auto after = parse_duration(text.substr(1));
    if (!after) return bad("time", text, "not a duration behind the +", kRight);
    if (to_ns(start) > 0 && after->count() > std::numeric_limits<std::int64_t>::max() - to_ns(start))
      return bad("time", text, "too far ahead", kRight);
    return start + *after;
  }
  if (const auto time = parse_epoch_ns(text)) return *time;
  if (const auto time = parse_rfc3339(text)) return *time;
  return bad("time", text, "not a time", kRight);
}

std::string format_duration(Duration duration) {
  if (duration < Duration::zero()) {
    const auto magnitude = duration == Duration::min() ? Duration::max() : -duration;
    return "-" + format_duration(magnitude);
  }
  const auto ns = static_cast<double>(duration.count());
  if (ns < 1e3) return fmt::format("{} ns", duration.count());
  // The bounds lie where rounding would show 1000 (or 60 s).
  if (ns < 999.5e3) return short_number(ns / 1e3) + " us";
  if (ns < 999.5e6) return short_number(ns / 1e6) + " ms";
  if (ns < 59.95e9) return short_number(ns / 1e9) + " s";
  return format_long((static_cast<std::uint64_t>(duration.count()) + kSecond / 2) / kSecond);
}

std::string format_time(Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{days};
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time - days).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                     ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

}  // namespace tapedeck
