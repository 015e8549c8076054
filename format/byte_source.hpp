#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tapedeck::format {

/// Process edge: a tape's bytes, seekable. Several threads may read.
struct ByteSource {
  virtual ~ByteSource() = default;
  virtual Result<std::uint64_t> size() const = 0;
  /// Short only at the end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, Bytes into) const = 0;
};

/// A file; a directory: its *.tape files in name order, end to end; `-` or a pipe: spooled into an unlinked temporary
/// file.
Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& path);
std::unique_ptr<ByteSource> memory_source(std::string bytes);
/// Several, end to end: tapes so joined are a tape.
Result<std::unique_ptr<ByteSource>> join_sources(std::vector<std::unique_ptr<ByteSource>> sources);

}  // namespace tapedeck::format
