#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "format/record.hpp"
#include "format/tape_file.hpp"

namespace tapedeck::format {

/// One record with an intact header, body and payload.
struct WholeRecord {
  RecordHeader header;
  std::string body;
  std::string content;  // of its one frame, decrypted; empty if there is none
};

/// Nothing if it is not that. `at_once`: how much to read at first; the rest only if the record is longer.
Result<std::optional<WholeRecord>> read_record(const TapeFile& file, std::uint64_t offset,
                                               std::uint64_t at_once = kHeaderSize + kMaxBody);
/// The same of bytes that have been read, which begin with it.
std::optional<WholeRecord> record_at(const TapeKeys& keys, std::string_view bytes);

/// Decoded content of a record whose frame is zstd-coded. Nothing if malformed.
std::optional<std::string> record_content(const WholeRecord& record);

}  // namespace tapedeck::format
