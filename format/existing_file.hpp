#pragma once
#include <filesystem>

#include "base/error.hpp"
#include "format/byte_sink.hpp"

namespace tapedeck::format {

/// What is told of a file that would be overwritten.
Error not_empty(const std::filesystem::path& path);

/// Whether a file may be written there: no directory, and one that exists and is not empty only if forced. That it
/// still is so when the file is created is up to create_file_sink().
Result<void> check_free(const std::filesystem::path& path, Overwrite overwrite);

}  // namespace tapedeck::format
