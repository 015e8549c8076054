#include "format/existing_file.hpp"

namespace tapedeck::format {

Error not_empty(const std::filesystem::path& path) {
  return make_error(boost::system::errc::make_error_code(boost::system::errc::file_exists),
                    path.string() + " exists and is not empty: choose another name, or --force to overwrite it");
}

Result<void> check_free(const std::filesystem::path& path, Overwrite overwrite) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) {
    return make_error(path.string() + " is a directory: name a file in it");
  }
  if (overwrite == Overwrite::force || !std::filesystem::is_regular_file(path, unknown)) return {};
  if (std::filesystem::file_size(path, unknown) == 0 || unknown) return {};
  return not_empty(path);
}

}  // namespace tapedeck::format
