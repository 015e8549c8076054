#include "format/foreign/utc_text.hpp"

#include <fmt/format.h>

#include "base/quantity.hpp"

namespace tapedeck::format {

std::string utc_text(Time time, SecondDigits digits) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  std::string text = format_time(second);
  text.resize(text.rfind('.') + 1);
  text += fmt::format("{:09}", (time - second).count());
  text.resize(text.size() - 9 + static_cast<std::size_t>(digits));
  text += 'Z';
  return text;
}

}  // namespace tapedeck::format
