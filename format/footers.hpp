#pragma once
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "format/byte_source.hpp"
#include "format/scan.hpp"

namespace tapedeck::format {

/// Opens a tape by its footers and indexes alone. Nothing at the first surprise: then only a scan can tell. An error is
/// trouble of the source, or a tape that needs a newer reader or a key.
Result<std::optional<ScanResult>> open_by_footers(const ByteSource& source, std::string_view name);

/// One record with an intact header, body and payload (unescaped). Nothing if it is not that.
struct WholeRecord {
  RecordHeader header;
  std::string body;
  std::string payload;
};
Result<std::optional<WholeRecord>> read_record(const ByteSource& source, std::uint64_t offset);

/// Decoded content of a record of one zstd frame. Nothing if malformed.
std::optional<std::string> record_content(const WholeRecord& record);

}  // namespace tapedeck::format
