#pragma once
#include <filesystem>
#include <memory>

#include "format/byte_sink.hpp"
#include "format/byte_source.hpp"

namespace tapedeck::format {

/// A temporary file without a name: it is gone with its last user, also when the process is killed.
struct SpillFile {
  std::unique_ptr<ByteSink> sink;
  std::unique_ptr<ByteSource> source;  // of what the sink was given
};
Result<SpillFile> create_spill_file(const std::filesystem::path& directory);

}  // namespace tapedeck::format
