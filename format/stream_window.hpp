#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "format/byte_stream.hpp"

namespace tapedeck::format {

/// A window over a stream: look at the next bytes, then take them. Memory: the largest look, at least 256 KiB. Views
/// are valid until the next call that reads. An error of the stream comes when all bytes in front of it are taken;
/// until then it looks like the end.
class StreamWindow {
 public:
  explicit StreamWindow(std::unique_ptr<ByteStream> stream);

  /// The next `count` bytes without taking them, or more; fewer only at the end.
  Result<std::string_view> peek(std::size_t count);
  /// What peek() has shown so far.
  std::string_view seen() const;
  /// Reads more than seen() has. False at the end.
  Result<bool> grow();
  /// Takes bytes that were seen.
  void take(std::size_t count);
  /// Takes up to `count` bytes, seen or not; how many there were.
  Result<std::uint64_t> skip(std::uint64_t count);
  /// Bytes taken so far.
  std::uint64_t position() const { return x_position; }
  /// Nothing is left.
  Result<bool> at_end();
  /// After the end.
  std::optional<StreamDamage> damage() const { return x_stream->damage(); }

 private:
  std::unique_ptr<ByteStream> x_stream;
  std::vector<std::byte> x_buffer;
  std::size_t x_begin = 0;
  std::size_t x_end = 0;
  std::uint64_t x_position = 0;
  bool x_at_end = false;
  std::optional<Error> x_failure;
};

}  // namespace tapedeck::format
