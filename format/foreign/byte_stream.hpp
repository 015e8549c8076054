#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tapedeck::format {

/// Why a stream's end is not its true end.
struct StreamDamage {
  std::string what;
  std::uint64_t bytes = 0;  // that are there, but cannot be read
};

/// Process edge: bytes read once, in order.
struct ByteStream {
  virtual ~ByteStream() = default;
  /// At least one byte; 0 only at the end.
  virtual Result<std::size_t> read(Bytes into) = 0;
  /// After the end: set if it came too early (compressed data that are cut off or broken).
  virtual std::optional<StreamDamage> damage() const { return std::nullopt; }
};

}  // namespace tapedeck::format
