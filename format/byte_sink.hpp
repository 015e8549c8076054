#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tapedeck::format {

/// Process edge: where a tape's bytes go. Append-only; used by the writer thread only.
struct ByteSink {
  virtual ~ByteSink() = default;
  /// All of it, or an error and an unknown prefix.
  virtual Result<void> append(std::span<const ConstBytes> pieces) = 0;
  virtual Result<void> sync() = 0;
  /// Drops a torn end. A pipe answers not_supported.
  virtual Result<void> cut_back(std::uint64_t size) = 0;
};

enum class Overwrite : std::uint8_t { refuse, force };

/// A new file, mode 0600, its directory synced. An existing file that is not empty is refused unless forced.
Result<std::unique_ptr<ByteSink>> create_file_sink(const std::filesystem::path& path, Overwrite overwrite);

}  // namespace tapedeck::format
