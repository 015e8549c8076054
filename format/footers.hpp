#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "format/buffer.hpp"
#include "format/scan.hpp"
#include "format/tape_file.hpp"

namespace tapedeck::format {

/// A sealed segment by its FOOTER, SUMMARY and FILE_HEADER. Its size does not depend on how much the segment holds, but
/// for 64 bytes an epoch.
struct SealedSegment {
  SegmentId id;
  std::uint64_t start = 0;  // in the source; offsets in its records count from there
  FooterBody footer;
  SegmentMap map;      // with its epochs in place of chunks
  std::string totals;  // JSON; empty: not kept, to be read again
};

/// A tape whose segments are all sealed, by their ends. Where chunks are is not known yet.
struct SealedTape {
  std::vector<SealedSegment> segments;  // as they stand
  std::uint64_t bytes = 0;
  std::uint64_t end_offset = 0;
  Buffer end;  // the last bytes of the tape, from there: mostly the last INDEX is in it

  /// What is there of the bytes from `offset` on; empty if that lies before.
  std::string_view end_from(std::uint64_t offset) const;
  /// Recordings and segments, without chunks.
  ScanResult outline() const;
};

/// Reads no more than that: two reads a segment. Nothing at the first surprise: then only a scan can tell. An error is
/// trouble of the source, or a tape that needs a newer reader or a key.
Result<std::optional<SealedTape>> open_by_footers(const TapeFile& file);
/// The JSON of a SUMMARY; nothing if it is gone.
Result<std::optional<std::string>> read_totals(const TapeFile& file, const SealedSegment& segment);

}  // namespace tapedeck::format
