#include "proxy/http_date.hpp"

#include <array>

#include <fmt/format.h>

namespace tapedeck::proxy {

std::string_view HttpDate::at(Time now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second == x_second && !x_text.empty()) return x_text;
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  x_second = second;
  x_text = fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
                       static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                       clock.seconds().count());
  return x_text;
}

}  // namespace tapedeck::proxy
