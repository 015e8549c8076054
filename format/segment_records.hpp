#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/layout.hpp"
#include "format/note.hpp"

// The records around the rows: fixed structs as values, encoded and decoded. Decoders give nothing if malformed.
namespace tapedeck::format {

struct FileHeaderBody {
  std::uint16_t minor = kMinor;
  std::uint32_t compat = 0;
  std::uint32_t incompat = 0;
  std::int64_t created = 0;
  std::uint64_t next_ordinal = 0;
  std::uint64_t next_completion = 0;
  std::uint64_t key_id = 0;  // 8 bytes; 0: not encrypted
};
std::string encode(const FileHeaderBody& header);
std::optional<FileHeaderBody> decode_file_header(std::string_view body);
/// What a reader has to know and this one does not, in words.
std::string unknown_in(const FileHeaderBody& header);

struct BlobBody {
  std::uint64_t blob = 0;
  std::uint64_t offset = 0;
  std::uint64_t same_blob = 0;  // 0: own payload
  std::uint64_t connection = 0;
  std::uint32_t sequence = 0;
  std::uint32_t part = 0;
  std::uint32_t same_part = 0;
  std::uint32_t raw_len = 0;
  Codec codec = Codec::raw;
  std::uint8_t flags = 0;  // kBlob...
  std::uint32_t epoch = 0;
};
std::string encode(const BlobBody& blob);
std::optional<BlobBody> decode_blob(std::string_view body);
std::string unknown_in(const BlobBody& blob);

struct NoteCounts {
  std::uint64_t exchanges = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
};
struct NoteBody {
  std::uint16_t reason = 0;
  std::uint16_t level = 0;
  std::int64_t from = 0;
  std::int64_t to = 0;
  NoteCounts since_last;
  NoteCounts total;
};
std::string encode(const NoteBody& note);
std::optional<NoteBody> decode_note(std::string_view body);

struct IndexBody {
  std::uint32_t epoch = 0;
  std::uint32_t chunks = 0;
  std::uint32_t blobs = 0;
  std::uint32_t completions = 0;
  std::uint64_t offset = 0;
  std::uint64_t previous = 0;  // offset of the INDEX before; 0 none
  std::uint64_t next_ordinal = 0;
  std::uint64_t next_completion = 0;
};
struct IndexChunk {
  std::uint64_t offset = 0;
  std::uint64_t next_ordinal = 0;
  std::int64_t t_min = 0;
  std::int64_t t_max = 0;
  std::int64_t watermark = 0;
  std::uint64_t connection_min = 0;
  std::uint64_t connection_max = 0;
  std::uint32_t length = 0;  // of the record
  std::uint32_t rows = 0;
  std::uint32_t exchanges = 0;
  std::uint32_t errors = 0;
  std::uint16_t methods = 0;
  std::uint16_t statuses = 0;
};
struct IndexBlob {
  std::uint64_t offset = 0;
  std::uint64_t blob = 0;
  std::uint32_t part = 0;
  std::uint32_t length = 0;  // of the record
};
struct IndexCompletion {
  std::uint64_t ordinal = 0;  // of the exchange completed
  std::uint32_t chunk = 0;    // in the epoch
  std::uint32_t row = 0;
};
std::string encode(const IndexBody& index);
std::optional<IndexBody> decode_index(std::string_view body);
struct IndexEntries {
  std::vector<IndexChunk> chunks;
  std::vector<IndexBlob> blobs;
  std::vector<IndexCompletion> completions;  // by ordinal
};
std::string encode(const IndexEntries& entries);
std::optional<IndexEntries> decode_index_entries(const IndexBody& index, std::string_view payload);

struct SummaryBody {
  std::uint32_t epochs = 0;
  std::uint64_t offset = 0;
  std::uint64_t first_ordinal = 0;
  std::uint64_t next_ordinal = 0;
  std::uint64_t next_completion = 0;
  std::int64_t t_min = INT64_MAX;
  std::int64_t t_max = INT64_MIN;
};
struct SummaryEpoch {
  std::uint32_t epoch = 0;
  std::uint32_t chunks = 0;
  std::uint64_t index_offset = 0;
  std::uint64_t first_ordinal = 0;
  std::uint64_t exchanges = 0;
  std::int64_t t_min = INT64_MAX;
  std::int64_t t_max = INT64_MIN;
  std::int64_t watermark = INT64_MIN;
  std::uint64_t least_completed = UINT64_MAX;
};
std::string encode(const SummaryBody& summary);
std::optional<SummaryBody> decode_summary(std::string_view body);
std::string encode(const std::vector<SummaryEpoch>& epochs);
std::optional<std::vector<SummaryEpoch>> decode_summary_epochs(const SummaryBody& summary, std::string_view payload);

struct FooterBody {
  std::uint64_t offset = 0;
  std::uint64_t summary = 0;
  std::uint64_t index = 0;  // the last one's offset; 0 none
  std::uint64_t records = 0;
  std::uint64_t next_ordinal = 0;
  std::uint64_t next_completion = 0;
};
std::string encode(const FooterBody& footer);
std::optional<FooterBody> decode_footer(std::string_view body);

}  // namespace tapedeck::format
