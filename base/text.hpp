#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck {

/// ASCII letters only: what names in protocols are compared by.
std::string to_lower(std::string_view text);

/// Without spaces, tabs and line ends around it.
std::string_view trim_blanks(std::string_view text);

/// Takes the first line off `rest`: without its CRLF or bare LF.
std::string_view take_line(std::string_view& rest);

/// Two lower-case digits a byte.
std::string hex(std::string_view raw);

/// `%2F` for a `/`.
void append_percent(std::string& out, char c);
/// Everything but visible ASCII as %XX, and what is in `also`.
std::string percent_encoded(std::string_view text, std::string_view also = {});

/// In single quotes for a POSIX shell: any bytes but NUL.
std::string shell_quoted(std::string_view text);

/// `1 exchange`, `2 exchanges`
std::string counted(std::uint64_t n, std::string_view one);

}  // namespace tapedeck
