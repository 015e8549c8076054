#pragma once
#include <cstdint>
#include <string_view>

#include "http/judge.hpp"

namespace tapedeck::http {

struct ChunkLine {
  std::uint64_t size = 0;  // at most 2^63 - 1
  std::size_t extension_bytes = 0;
};

/// `line` ends before its LF: size in hex, extensions. False: `judge` gave up or refused.
bool parse_chunk_line(std::string_view line, Judge& judge, ChunkLine& out);

/// Whether `extensions` bytes of chunk extensions are still in proportion to `data` body bytes.
constexpr bool extensions_in_proportion(std::uint64_t extensions, std::uint64_t data) {
  return extensions <= 64 * 1024 + data / 16;
}

}  // namespace tapedeck::http
