#pragma once
#include <cstddef>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tapedeck::format {

/// Process edge: bytes read once, in order.
struct ByteStream {
  virtual ~ByteStream() = default;
  /// At least one byte; 0 only at the end.
  virtual Result<std::size_t> read(Bytes into) = 0;
};

}  // namespace tapedeck::format
