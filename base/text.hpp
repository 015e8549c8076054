#pragma once
#include <string>
#include <string_view>

namespace tapedeck {

/// ASCII letters only: what names in protocols are compared by.
std::string to_lower(std::string_view text);

/// Without spaces, tabs and line ends around it.
std::string_view trim_blanks(std::string_view text);

}  // namespace tapedeck
