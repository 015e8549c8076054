#pragma once
#include <filesystem>
#include <functional>
#include <memory>

#include "capture/recorder.hpp"
#include "format/byte_sink.hpp"
#include "http/exchange_id.hpp"

namespace tapedeck::capture {

/// Where the segments of a recording go: into one file, one behind the other, or each into a file of its own in a
/// directory, `20261124T102032Z-3f9c0a1b-000000.tape`.
class SegmentFiles {
 public:
  using CreateSink =
      std::function<Result<std::unique_ptr<format::ByteSink>>(const std::filesystem::path&, format::Overwrite)>;

  /// `out` is a directory if it is one or ends in a slash. A file is created at once, a directory if it is missing.
  static Result<SegmentFiles> create(const std::filesystem::path& out, format::Overwrite overwrite,
                                     CreateSink create_sink);

  Result<std::unique_ptr<format::ByteSink>> open(const http::RecordingId& recording, std::uint32_t segment, Time now);
  /// The segment opened last could not be started: removes its file if nothing is in it.
  void discard();

  bool is_directory() const { return x_is_directory; }
  /// Written so far, over all segments.
  std::uint64_t bytes() const { return *x_bytes; }
  /// Where the space is used.
  const std::filesystem::path& directory() const { return x_directory; }

 private:
  struct File;
  class Part;

  std::filesystem::path x_directory;
  std::filesystem::path x_last;
  CreateSink x_create_sink;
  bool x_is_directory = false;
  std::shared_ptr<File>
      x_file;  // owners: this, for the segments to come, and the segment being written. Null: a directory
  std::shared_ptr<std::uint64_t> x_bytes = std::make_shared<std::uint64_t>(0);  // owners: this and the segment's writer
};

}  // namespace tapedeck::capture
