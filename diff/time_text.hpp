#pragma once
#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace tapedeck::diff {

/// `2026-11-24T10:20:34.5Z`, `2026-11-24 10:20`, `2026-11-24`, with `Z`, `+02:00`, `+0200` or no offset (then UTC).
std::optional<Time> parse_iso_time(std::string_view text);

/// `Tue, 24 Nov 2026 10:20:34 GMT`; two-digit or dashed dates of old cookies (`Tue, 24-Nov-2026 ...`) too.
std::optional<Time> parse_http_date(std::string_view text);

/// An integer that is a time in s, ms, us or ns since the Unix epoch within 400 days of `answer`.
enum class EpochUnit { s, ms, us, ns };
struct EpochTime {
  Time time;
  EpochUnit unit;
};
std::optional<EpochTime> parse_epoch(std::string_view digits, Time answer);

/// A time in any of the forms above that names a moment (a bare date does not), and that form.
struct Moment {
  Time time;
  int form;  // equal for texts written alike
};
std::optional<Moment> parse_moment(std::string_view text, Time answer);

/// Both are times, written alike, each within 10 minutes of its own answer.
struct TimedText {
  std::string_view text;
  Time answer;
};
bool both_now(const TimedText& primary, const TimedText& candidate);

}  // namespace tapedeck::diff
