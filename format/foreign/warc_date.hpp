#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace tapedeck::format {

/// `2017-03-06T04:03:53Z`, with a fraction of up to 9 digits, or cut short at any part from the right (`2017-03`).
std::optional<Time> parse_warc_date(std::string_view text);
/// `2017-03-06T04:03:53.123456789Z`
std::string warc_date(Time time);

}  // namespace tapedeck::format
