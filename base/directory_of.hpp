#pragma once
#include <filesystem>

namespace tapedeck {

/// Where a file of this name stands: `.` if the name has no directory.
inline std::filesystem::path directory_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

}  // namespace tapedeck
