#include "diff/time_text.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "base/whole_number.hpp"

namespace tapedeck::diff {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads text from the front.
class Reader {
 public:
  explicit Reader(std::string_view text) : x_text(text) {}

  std::optional<int> digits(std::size_t count) {
    if (x_text.size() < count) return std::nullopt;
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(x_text[i])) return std::nullopt;
      number = number * 10 + (x_text[i] - '0');
    }
    x_text.remove_prefix(count);
    return number;
  }
  bool skip(char c) {
    if (!x_text.starts_with(c)) return false;
    x_text.remove_prefix(1);
    return true;
  }
  bool skip_any(std::string_view of) {
    if (x_text.empty() || of.find(x_text.front()) == std::string_view::npos) return false;
    x_text.remove_prefix(1);
    return true;
  }
  std::string_view rest() const { return x_text; }
  bool done() const { return x_text.empty(); }
  void remove(std::size_t count) { x_text.remove_prefix(count); }

 private:
  std::string_view x_text;
};

std::optional<Time> make_time(int year, int month, int day, Duration of_day) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  // Years beyond 1678..2261 do not fit into 64-bit nanoseconds.
  if (!date.ok() || year < 1700 || year > 2250) return std::nullopt;
  return Time{std::chrono::sys_days{date}} + of_day;
}

struct Clock24 {
  Duration of_day{};
  bool has_seconds = false;
  bool has_fraction = false;
};

std::optional<Clock24> read_clock(Reader& in) {
  const auto hour = in.digits(2);
  if (!hour || !in.skip(':')) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || *hour > 24 || *minute > 59) return std::nullopt;
  Clock24 clock{hours(*hour) + minutes(*minute), false, false};
  if (!in.skip(':')) return clock;
  const auto second = in.digits(2);
  if (!second || *second > 60) return std::nullopt;
  clock.of_day += seconds(*second);
  clock.has_seconds = true;
  if (!in.skip_any(".,")) return clock;
  std::int64_t ns = 0;
  std::int64_t unit = 100'000'000;
  std::size_t count = 0;
  while (const auto digit = in.digits(1)) {
    ns += *digit * unit;
    unit /= 10;
    ++count;
  }
  if (count == 0) return std::nullopt;
  clock.of_day += Duration(ns);
  clock.has_fraction = true;
  return clock;
}

/// Minutes east of Greenwich; `form` says how it was written.
std::optional<int> read_offset(Reader& in, int& form) {
  if (in.done()) return form = 0, 0;
  if (in.skip_any("Zz")) return form = 1, 0;
  const bool west = in.rest().front() == '-';
  if (!in.skip_any("+-")) return std::nullopt;
  const auto hour = in.digits(2);
  const bool colon = in.skip(':');
  const auto minute = in.digits(2);
  if (!hour || !minute || *hour > 18 || *minute > 59) return std::nullopt;
  form = colon ? 2 : 3;
  const int east = *hour * 60 + *minute;
  return west ? -east : east;
}

struct IsoTime {
  Time time;
  bool has_clock = false;
  int form = 0;
};

std::optional<IsoTime> read_iso(std::string_view text) {
  Reader in(text);
  const auto year = in.digits(4);
  if (!year || !in.skip('-')) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || !in.skip('-')) return std::nullopt;
  const auto day = in.digits(2);
  if (!day) return std::nullopt;
  if (in.done()) {
    const auto time = make_time(*year, *month, *day, Duration{});
    return time ? std::optional<IsoTime>({*time, false, 0}) : std::nullopt;
  }
  const bool letter = in.rest().front() != ' ';
  if (!in.skip_any("Tt ")) return std::nullopt;
  const auto clock = read_clock(in);
  int offset_form = 0;
  const auto offset = clock ? read_offset(in, offset_form) : std::nullopt;
  if (!offset || !in.done()) return std::nullopt;
  const auto time = make_time(*year, *month, *day, clock->of_day - minutes(*offset));
  if (!time) return std::nullopt;
  return IsoTime{*time, true, offset_form + 4 * letter + 8 * clock->has_seconds + 16 * clock->has_fraction};
}

int month_named(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (name == kMonths[i]) return static_cast<int>(i) + 1;
  }
  return 0;
}

std::optional<Time> near(Time time, Time answer, Duration within) {
  // Answers' times come from a tape: their difference may not fit into 64 bits.
  const auto apart = static_cast<double>(to_ns(time)) - static_cast<double>(to_ns(answer));
  return std::abs(apart) <= static_cast<double>(within.count()) ? std::optional(time) : std::nullopt;
}

}  // namespace

std::optional<Time> parse_iso_time(std::string_view text) {
  const auto iso = read_iso(text);
  return iso ? std::optional(iso->time) : std::nullopt;
}

std::optional<Time> parse_http_date(std::string_view text) {
  const std::size_t comma = text.find(", ");
  if (comma == std::string_view::npos || comma < 3 || comma > 9) return std::nullopt;
  Reader in(text.substr(comma + 2));
  const auto day = in.digits(2);
  if (!day || !in.skip_any(" -") || in.rest().size() < 3) return std::nullopt;
  const int month = month_named(in.rest().substr(0, 3));
  in.remove(3);
  if (month == 0 || !in.skip_any(" -")) return std::nullopt;
  auto year = in.digits(4);
  if (!year) {
    year = in.digits(2);
    if (year) *year += *year < 70 ? 2000 : 1900;
  }
  if (!year || !in.skip(' ')) return std::nullopt;
  const auto clock = read_clock(in);
  if (!clock || (in.rest() != " GMT" && in.rest() != " UTC")) return std::nullopt;
  return make_time(*year, month, *day, clock->of_day);
}

std::optional<EpochTime> parse_epoch(std::string_view digits, Time answer) {
  if (digits.size() < 9 || digits.size() > 19) return std::nullopt;
  const std::int64_t number = whole_number<std::int64_t>(digits).value_or(0);
  if (number <= 0) return std::nullopt;
  constexpr std::array<std::int64_t, 4> kNs{1'000'000'000, 1'000'000, 1'000, 1};
  for (std::size_t unit = 0; unit < kNs.size(); ++unit) {
    if (number > INT64_MAX / kNs[unit]) continue;
    if (near(time_from_ns(number * kNs[unit]), answer, days(400))) {
      return EpochTime{time_from_ns(number * kNs[unit]), static_cast<EpochUnit>(unit)};
    }
  }
  return std::nullopt;
}

std::optional<Moment> parse_moment(std::string_view text, Time answer) {
  if (const auto iso = read_iso(text)) {
    return iso->has_clock ? std::optional<Moment>({iso->time, iso->form}) : std::nullopt;
  }
  if (const auto http = parse_http_date(text)) return Moment{*http, 64};
  if (const auto epoch = parse_epoch(text.substr(0, text.find('.')), answer)) {
    return Moment{epoch->time, 128 + static_cast<int>(epoch->unit)};
  }
  return std::nullopt;
}

bool both_now(const TimedText& primary, const TimedText& candidate) {
  const auto a = parse_moment(primary.text, primary.answer);
  if (!a || !near(a->time, primary.answer, minutes(10))) return false;
  const auto b = parse_moment(candidate.text, candidate.answer);
  return b && a->form == b->form && near(b->time, candidate.answer, minutes(10));
}

}  // namespace tapedeck::diff
