#include "base/quantity.hpp"

#include <cmath>
#include <string>

#include <doctest/doctest.h>

using namespace tapedeck;
using namespace std::chrono_literals;

namespace {

template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "no error" : result.error().message;
}

}  // namespace

TEST_CASE("a duration is a number with a unit") {
  CHECK(parse_duration("250ms").value() == 250ms);
  CHECK(parse_duration("5s").value() == 5s);
  CHECK(parse_duration("10m").value() == 10min);
  CHECK(parse_duration("1h").value() == 1h);
  CHECK(parse_duration("100us").value() == 100us);
  CHECK(parse_duration("7d").value() == 168h);
  CHECK(parse_duration("1.5s").value() == 1500ms);
  CHECK(parse_duration("0.1s").value() == 100ms);
  CHECK(parse_duration("0s").value() == 0s);
  CHECK(parse_duration("9223372036854775807ns").value() == Duration::max());
}

TEST_CASE("a duration that is none is refused with the reason") {
  CHECK(error_of(parse_duration("abc")) == "duration \"abc\": not a number with a unit; try 250ms, 5s or 10m");
  CHECK(error_of(parse_duration("")) == "duration \"\": not a number with a unit; try 250ms, 5s or 10m");
  CHECK(error_of(parse_duration("5")) == "duration \"5\": the unit is missing; try 250ms, 5s or 10m");
  CHECK(error_of(parse_duration("-5s")) == "duration \"-5s\": negative; try 250ms, 5s or 10m");
  CHECK(error_of(parse_duration("5 s")).find("the unit is not one of ns, us, ms, s, m, h, d") != std::string::npos);
  CHECK(error_of(parse_duration("9223372036854775808ns")).find("longer than 292 years") != std::string::npos);
  for (const char* text : {"5S", "5sec", "nans", "infs", "inf", "1e999s", "0x5s", "+5s", " 5s", "5s ", "1:30"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("a speed is a positive factor") {
  CHECK(parse_speed("10x").value() == 10);
  CHECK(parse_speed("10").value() == 10);
  CHECK(parse_speed("0.5x").value() == 0.5);
  CHECK(error_of(parse_speed("abc")) == "speed \"abc\": not a positive number; try 10x or 0.5");
  for (const char* text :
       {"", "x", "0", "0x", "-1x", "-0", "nan", "inf", "infx", "1e999", "1e400x", "10xx", "x10", "10 x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_speed(text).has_value());
  }
}

TEST_CASE("a rate is a positive number a second") {
  CHECK(parse_rate("500/s").value() == 500);
  CHECK(parse_rate("0.5/s").value() == 0.5);
  CHECK(error_of(parse_rate("500")) == "rate \"500\": does not end in /s; try 500/s");
  CHECK(error_of(parse_rate("-1/s")) == "rate \"-1/s\": not a positive number; try 500/s");
  for (const char* text : {"", "/s", "0/s", "nan/s", "inf/s", "1e999/s", "500/m", "500/ss"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rate(text).has_value());
  }
}

TEST_CASE("a share is a percentage or a fraction") {
  CHECK(parse_share("5%").value() == 0.05);
  CHECK(parse_share("0.05").value() == 0.05);
  CHECK(parse_share("0").value() == 0);
  CHECK(parse_share("100%").value() == 1);
  CHECK(error_of(parse_share("abc")) == "share \"abc\": not a number; try 5% or 0.05");
  CHECK(error_of(parse_share("5")) == "share \"5\": not within 0% and 100%; try 5% or 0.05");
  for (const char* text : {"", "%", "-1%", "100.1%", "nan", "inf%", "1e999%"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_share(text).has_value());
  }
}

TEST_CASE("a number fills the whole text") {
  CHECK(parse_number("-2.5").value() == -2.5);
  CHECK(error_of(parse_number("12a")) == "number \"12a\": not a decimal number; try 10 or 0.5");
  for (const char* text : {"", " 1", "1 ", "nan", "inf", "-inf", "1e999", "0x10"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number(text).has_value());
  }
}

TEST_CASE("a time is RFC 3339, nanoseconds or an offset from the start") {
  const Time start = time_from_ns(1'000'000'000);
  CHECK(to_ns(parse_time("+90s", start).value()) == 91'000'000'000);
  CHECK(to_ns(parse_time("1714564800000000001", start).value()) == 1714564800000000001);
  CHECK(to_ns(parse_time("2024-05-01T12:00:00Z", start).value()) == 1714564800000000000);
  CHECK(to_ns(parse_time("2024-05-01T14:00:00.25+02:00", start).value()) == 1714564800250000000);
  CHECK(to_ns(parse_time("2024-05-01t07:30:00-04:30", start).value()) == 1714564800000000000);
  CHECK(to_ns(parse_time("1969-12-31T23:59:59.999999999Z", start).value()) == -1);
  CHECK(to_ns(parse_time("2024-02-29T00:00:00.1234567899Z", start).value()) == 1709164800123456789);
}

TEST_CASE("a time that is none is refused") {
  const Time start = time_from_ns(1'000'000'000);
  CHECK(error_of(parse_time("noon", start)) ==
        "time \"noon\": not a time; try 2024-05-01T12:00:00Z, nanoseconds since 1970, or +90s");
  CHECK(error_of(parse_time("+9223372036854775807ns", start)).find("too far ahead") != std::string::npos);
  for (const char* text :
       {"", "+", "+5", "2024-05-01", "2024-05-01T12:00:00", "2024-13-01T12:00:00Z", "2023-02-29T12:00:00Z",
        "2024-05-01T24:00:00Z", "2024-05-01T12:60:00Z", "2024-05-01T12:00:61Z", "2024-05-01T12:00:00.Z",
        "2024-05-01T12:00:00+2:00", "2024-05-01T12:00:00Zx", "1500-05-01T12:00:00Z", "9999-05-01T12:00:00Z",
        "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text, start).has_value());
  }
}

TEST_CASE("durations for people have one unit and few digits") {
  CHECK(format_duration(0ns) == "0 ns");
  CHECK(format_duration(850ns) == "850 ns");
  CHECK(format_duration(850us) == "850 us");
  CHECK(format_duration(12'300us) == "12.3 ms");
  CHECK(format_duration(12ms) == "12 ms");
  CHECK(format_duration(4200ms) == "4.2 s");
  CHECK(format_duration(185s) == "3m05s");
  CHECK(format_duration(62min) == "1h02m");
  CHECK(format_duration(51h) == "2d03h");
  CHECK(format_duration(-4200ms) == "-4.2 s");
}

TEST_CASE("durations for people never show 1000 of a unit, nor 60 seconds") {
  CHECK(format_duration(999'999ns) == "1 ms");
  CHECK(format_duration(999'999us) == "1 s");
  CHECK(format_duration(59'999ms) == "1m00s");
  CHECK(format_duration(99'960us) == "100 ms");
}

TEST_CASE("times for people are UTC with milliseconds") {
  CHECK(format_time(time_from_ns(1714564800250999999)) == "2024-05-01T12:00:00.250Z");
  CHECK(format_time(time_from_ns(-1)) == "1969-12-31T23:59:59.999Z");
}
