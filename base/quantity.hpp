#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

// Readers for the quantities of the command line and the configuration; each error names the text and a right example.
namespace tapedeck {

/// `250ms`, `5s`, `10m`, `1h`, `100us`, `7d`, `1.5s`. Never negative.
Result<Duration> parse_duration(std::string_view text);

/// `10x`, `10`, `0.5x`; > 0 and finite.
Result<double> parse_speed(std::string_view text);

/// `500/s`; > 0 and finite. Requests per second.
Result<double> parse_rate(std::string_view text);

/// `5%` -> 0.05; `0.05` too; within [0, 1].
Result<double> parse_share(std::string_view text);

/// A decimal number that fills the whole text.
Result<double> parse_number(std::string_view text);

/// A time on the command line: RFC 3339, ns since the Unix epoch, or `+90s` from `start`.
Result<Time> parse_time(std::string_view text, Time start);

/// `850 us`, `12.3 ms`, `4.2 s`, `3m05s`: for people.
std::string format_duration(Duration duration);

/// RFC 3339 in UTC with milliseconds: for people.
std::string format_time(Time time);

}  // namespace tapedeck
