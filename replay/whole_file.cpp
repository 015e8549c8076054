#include "base/new_file.hpp"
#include "replay/report.hpp"

namespace tapedeck::replay {

Result<void> write_whole_file(const std::filesystem::path& path, std::string_view text) {
  auto file = NewFile::create(path, ReadableBy::all);
  if (!file) return file.error();
  if (const auto written = file->write(text); !written) return written;
  return file->place();
}

}  // namespace tapedeck::replay
