#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tapedeck::format {

/// Both alphabets; blanks and line ends are passed over, padding may lack. Nothing if it is no base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace tapedeck::format
