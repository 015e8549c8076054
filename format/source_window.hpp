#pragma once
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "format/buffer.hpp"
#include "format/byte_source.hpp"

namespace tapedeck::format {

/// Reads a source through a buffer: for walking it front to back.
class SourceWindow {
 public:
  SourceWindow(const ByteSource& source, std::uint64_t size) : x_source(&source), x_size(size) {}

  std::uint64_t size() const { return x_size; }
  /// The bytes of [offset, offset + length), fewer at the end. Valid until the next call.
  Result<std::string_view> view(std::uint64_t offset, std::uint64_t length);
  /// Position of the next sync pattern at or behind `from`; size() if there is none.
  Result<std::uint64_t> next_sync(std::uint64_t from);

 private:
  Result<void> move_to(std::uint64_t offset, std::uint64_t length);

  const ByteSource* x_source;
  std::uint64_t x_size;
  Buffer x_buffer;
  std::uint64_t x_begin = 0;
  std::size_t x_length = 0;  // of what is in the buffer
};

/// All of [offset, offset + length), fewer at the end.
Result<Buffer> read_bytes(const ByteSource& source, std::uint64_t offset, std::uint64_t length);

}  // namespace tapedeck::format
