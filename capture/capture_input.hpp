#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "format/stream_window.hpp"

namespace tapedeck::capture {

/// A capture file's bytes in clear, and what is known of the file itself.
struct CaptureInput {
  std::string name;  // for people
  std::unique_ptr<format::StreamWindow> bytes;
  /// Hash of size and first 64 KiB as stored; unset for pipes, where waiting for 64 KiB could take for ever.
  std::optional<std::uint64_t> fingerprint;
};

/// Opens a file, or standard input for `-`. gzip and zstd are told by content and undone.
Result<CaptureInput> open_input(const std::filesystem::path& path);

}  // namespace tapedeck::capture
