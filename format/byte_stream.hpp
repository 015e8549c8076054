#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tapedeck::format {

/// Why what was read of a stream is not all that it should hold.
struct StreamDamage {
  std::string what;
  std::uint64_t bytes = 0;  // that are there, but cannot be read
};

/// Process edge: bytes read once, in order.
struct ByteStream {
  virtual ~ByteStream() = default;
  /// At least one byte; 0 only at the end.
  virtual Result<std::size_t> read(Bytes into) = 0;
  /// After the end: what was wrong until then (compressed data that are cut off or broken).
  virtual std::optional<StreamDamage> damage() const { return std::nullopt; }
  /// After the end: whether it was only that of a readable stretch. Then reading goes on behind the damaged place.
  virtual bool go_on() { return false; }
};

/// A file; `-` is standard input. A directory is refused.
Result<std::unique_ptr<ByteStream>> open_stream(const std::filesystem::path& path);

std::unique_ptr<ByteStream> memory_stream(std::string bytes);

/// `first`, then what `rest` still has.
std::unique_ptr<ByteStream> prefixed_stream(std::string first, std::unique_ptr<ByteStream> rest);

/// Reads through to `stream`, which outlives it.
std::unique_ptr<ByteStream> borrowed_stream(ByteStream& stream);

/// Up to `count` bytes; fewer only at the end.
Result<std::string> read_up_to(ByteStream& stream, std::size_t count);

}  // namespace tapedeck::format
