#pragma once
#include <memory>

#include "format/byte_stream.hpp"

namespace tapedeck::format {

/// Undoes gzip (also several members end to end) and zstd, told by content; anything else is handed on as it is.
Result<std::unique_ptr<ByteStream>> decompressed_stream(std::unique_ptr<ByteStream> raw);

}  // namespace tapedeck::format
