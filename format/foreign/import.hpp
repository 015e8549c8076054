#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "format/foreign/foreign_reader.hpp"
#include "format/tape_writer.hpp"

namespace tapedeck::format {

struct ImportOptions {
  std::vector<std::filesystem::path> files;  // read in this order, merged by time; `-` is standard input
  std::uint64_t sort_memory = 256u << 20;    // then exchanges are spilled
  std::filesystem::path spill_directory;
  TapeOptions tape;  // recording: unset and without a key, it follows from the input
  /// Called when all files are read: an import that finds nothing leaves no tape behind.
  std::function<Result<std::unique_ptr<ByteSink>>()> create_sink;
  std::string note_json;                             // the recording's first note
  std::function<void(std::uint64_t read)> progress;  // exchanges so far; may be empty
  std::stop_token stop;                              // then what was read is written
};

struct ImportResult {
  std::uint64_t written = 0;
  Skipped skipped;
  bool damaged = false;              // a part could not be read
  std::uint64_t unread_bytes = 0;    // of it, where nobody knows what they were: in broken compressed data
  bool partial = false;              // stopped before the end
  std::vector<std::string> remarks;  // a line each: which part, and why
};

/// HAR, .gor and WARC files, the kind of each found by content, as one sorted tape. Several .gor files in a row are
/// chunk files of one recording. Memory: sort_memory and the exchange at hand. Same input, same bytes of tape. An error
/// is trouble of the disk, or that nothing could be read.
Result<ImportResult> import_files(const ImportOptions& options);

}  // namespace tapedeck::format
