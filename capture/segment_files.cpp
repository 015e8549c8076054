#include "capture/segment_files.hpp"

#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/directory_of.hpp"

namespace tapedeck::capture {
namespace fs = std::filesystem;

/// A file that takes several segments.
struct SegmentFiles::File {
  std::unique_ptr<format::ByteSink> sink;
  std::uint64_t size = 0;
  bool torn = false;  // an append failed and was not cut back: nobody knows the size
};

/// One segment's part of such a file: offsets count from its start.
class SegmentFiles::Part final : public format::ByteSink {
 public:
  Part(std::shared_ptr<File> file, std::shared_ptr<std::uint64_t> bytes)
      : x_file(std::move(file)), x_bytes(std::move(bytes)), x_start(x_file->size), x_start_known(!x_file->torn) {}

  Result<void> append(std::span<const ConstBytes> pieces) override {
    auto appended = x_file->sink->append(pieces);
    if (!appended) x_file->torn = true;
    for (const ConstBytes piece : pieces) {
      x_file->size += piece.size();
      *x_bytes += piece.size();
    }
    return appended;
  }

  Result<void> sync() override { return x_file->sink->sync(); }

  Result<void> cut_back(std::uint64_t size) override {
    if (!x_start_known) {
      const auto unsupported = boost::system::errc::make_error_code(boost::system::errc::not_supported);
      return make_error(unsupported, "cannot cut the tape back: an earlier segment has a torn end");
    }
    auto cut = x_file->sink->cut_back(x_start + size);
    if (!cut) return cut;
    *x_bytes -= x_file->size - (x_start + size);
    x_file->size = x_start + size;
    x_file->torn = false;
    return {};
  }

 private:
  std::shared_ptr<File> x_file;            // owners: the recording's files, if they are one, and the segment's writer
  std::shared_ptr<std::uint64_t> x_bytes;  // owners: the recording's files and the segment's writer
  std::uint64_t x_start;
  bool x_start_known;
};

Result<SegmentFiles> SegmentFiles::create(const fs::path& out, format::Overwrite overwrite, CreateSink create_sink) {
  SegmentFiles files;
  files.x_create_sink = std::move(create_sink);
  std::error_code ignored;
  if (out.has_filename() && !fs::is_directory(out, ignored)) {
    auto sink = files.x_create_sink(out, overwrite);
    if (!sink) return sink.error();
    files.x_file = std::make_shared<File>();
    files.x_file->sink = std::move(*sink);
    files.x_directory = directory_of(out);
    return files;
  }
  std::error_code failed;
  fs::create_directories(out, failed);
  if (failed)
    return make_error(failed, fmt::format("cannot create the directory {}: {}", out.string(), failed.message()));
  if (::access(out.c_str(), W_OK | X_OK) != 0) return errno_error(fmt::format("cannot write into {}", out.string()));
  files.x_is_directory = true;
  files.x_directory = out;
  return files;
}

Result<std::unique_ptr<format::ByteSink>> SegmentFiles::open(const http::RecordingId& recording, std::uint32_t segment,
                                                             Time now) {
  if (x_file) return std::unique_ptr<format::ByteSink>(std::make_unique<Part>(x_file, x_bytes));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const std::time_t start = std::chrono::system_clock::to_time_t(seconds);
  x_last = x_directory / fmt::format("{:%Y%m%dT%H%M%SZ}-{:02x}{:02x}{:02x}{:02x}-{:06}.tape", fmt::gmtime(start),
                                     recording[0], recording[1], recording[2], recording[3], segment);
  auto sink = x_create_sink(x_last, format::Overwrite::refuse);
  if (!sink) return sink.error();
  auto file = std::make_shared<File>();
  file->sink = std::move(*sink);
  return std::unique_ptr<format::ByteSink>(std::make_unique<Part>(std::move(file), x_bytes));
}

void SegmentFiles::discard() {
  std::error_code ignored;
  if (x_last.empty() || fs::file_size(x_last, ignored) != 0 || ignored) return;
  fs::remove(x_last, ignored);
}

}  // namespace tapedeck::capture
