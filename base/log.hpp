#pragma once
#include <string_view>

// Lines for people on stderr; results go to stdout. Never payload bytes, never secrets.
namespace tapedeck {

/// `tapedeck: warning: MESSAGE`
void warn(std::string_view message);
/// `tapedeck: MESSAGE`
void inform(std::string_view message);

}  // namespace tapedeck
