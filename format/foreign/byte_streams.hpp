#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "format/foreign/byte_stream.hpp"

namespace tapedeck::format {

/// A file; `-` is standard input. A directory is refused.
Result<std::unique_ptr<ByteStream>> open_stream(const std::filesystem::path& path);

std::unique_ptr<ByteStream> memory_stream(std::string bytes);

/// `first`, then what `rest` still has.
std::unique_ptr<ByteStream> prefixed_stream(std::string first, std::unique_ptr<ByteStream> rest);

/// Reads through to `stream`, which outlives it.
std::unique_ptr<ByteStream> borrowed_stream(ByteStream& stream);

/// Up to `count` bytes; fewer only at the end.
Result<std::string> read_up_to(ByteStream& stream, std::size_t count);

/// Undoes gzip (also several members end to end) and zstd, told by content; anything else is handed on as it is.
Result<std::unique_ptr<ByteStream>> decompressed_stream(std::unique_ptr<ByteStream> raw);

}  // namespace tapedeck::format
