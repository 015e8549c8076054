#pragma once
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "format/scan.hpp"
#include "format/tape_file.hpp"

namespace tapedeck::format {

/// Opens a tape by its footers and indexes alone. Nothing at the first surprise: then only a scan can tell. An error is
/// trouble of the source, or a tape that needs a newer reader or a key.
Result<std::optional<ScanResult>> open_by_footers(const TapeFile& file);

/// One record with an intact header, body and payload. Nothing if it is not that.
struct WholeRecord {
  RecordHeader header;
  std::string body;
  std::string content;  // of its one frame, decrypted; empty if there is none
};
Result<std::optional<WholeRecord>> read_record(const TapeFile& file, std::uint64_t offset);

/// Decoded content of a record whose frame is zstd-coded. Nothing if malformed.
std::optional<std::string> record_content(const WholeRecord& record);

}  // namespace tapedeck::format
