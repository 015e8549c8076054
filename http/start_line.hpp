#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/exchange.hpp"
#include "http/judge.hpp"

namespace tapedeck::http {

/// Part of a head, as offsets from its first byte: they stay right when the buffer moves between calls.
struct Extent {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string_view in(std::string_view head) const { return head.substr(offset, length); }
};

struct StartLine {
  Version version = Version::http_1_1;
  std::uint16_t status = 0;
  Extent method;
  Extent target;
  Extent reason;
};

/// `line` ends before its LF, `judge` says by its side which kind of line it must be. False: `judge` gave up or
/// refused.
bool parse_start_line(std::string_view line, std::size_t method_limit, Judge& judge, StartLine& out);

/// Whether the first bytes, up to kStartLinePrefix of them, can begin a start line at all: other protocols are told
/// apart at once.
inline constexpr std::size_t kStartLinePrefix = 5;
bool may_begin_start_line(std::string_view bytes, Judge& judge);

/// Removes the CR that must stand before the line's LF.
bool strip_line_end(std::string_view& line, Judge& judge);

}  // namespace tapedeck::http
