#pragma once
#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace tapedeck::format {

enum class SecondDigits : std::uint8_t { six = 6, nine = 9 };

/// RFC 3339 in UTC with more digits than people need: `2017-03-06T04:03:53.123456Z`.
std::string utc_text(Time time, SecondDigits digits);

}  // namespace tapedeck::format
