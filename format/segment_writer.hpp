#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "format/byte_sink.hpp"
#include "format/frame.hpp"
#include "format/record.hpp"
#include "format/record_encoder.hpp"
#include "format/segment_records.hpp"

namespace tapedeck::format {

/// Puts records into one sink and remembers what INDEX, SUMMARY and FOOTER will say. After an error the sink has been
/// cut back to the last good record, and nothing more can be written.
class SegmentWriter {
 public:
  /// `first`: what the FILE_HEADER says of the recording so far.
  struct Counts {
    std::uint64_t ordinals = 0;
    std::uint64_t completions = 0;
  };
  SegmentWriter(std::unique_ptr<ByteSink> sink, SegmentId id, Counts first, int level,
                const std::optional<TapeKey>& key = std::nullopt);

  Result<void> write_file_header(const FileHeaderBody& header);
  Result<void> write(const EncodeJob& job);
  /// INDEX of what was written since the last one; nothing if that is nothing.
  Result<void> write_index(std::uint32_t epoch);
  Result<void> write_summary_and_footer(std::string_view json);
  Result<void> sync();

  std::uint64_t bytes() const { return x_offset; }
  Counts written() const { return x_next; }  // all below are written (or lost before)
  bool has_unsynced() const { return x_unsynced; }
  std::uint64_t memory() const {  // of what the index and summary will say
    return x_entries.chunks.size() * sizeof(IndexChunk) + x_entries.blobs.size() * sizeof(IndexBlob) +
           x_entries.completions.size() * sizeof(IndexCompletion) + x_epochs.size() * sizeof(SummaryEpoch);
  }
  bool in_epoch() const { return !x_entries.chunks.empty() || !x_entries.blobs.empty(); }

 private:
  Result<void> write_record(RecordType type, std::string_view body, const StoredPayload& payload);
  Result<void> write_encrypted(RecordType type, std::string body, const std::vector<FrameContent>& frames);
  Result<void> write_coded(RecordType type, std::string_view body, std::string_view content);
  void remember_chunk(const ClosedChunk& chunk, std::uint64_t offset);
  void remember_epoch(std::uint32_t epoch, std::uint64_t index_offset);

  std::unique_ptr<ByteSink> x_sink;
  SegmentId x_id;
  Compressor x_compressor;
  std::optional<SegmentKey> x_key;
  std::uint64_t x_offset = 0;
  std::uint64_t x_record_no = 0;
  const std::uint64_t x_first_ordinal;
  Counts x_next;
  std::uint64_t x_last_index = 0;
  bool x_unsynced = false;
  IndexEntries x_entries;  // of the open epoch
  std::vector<SummaryEpoch> x_epochs;
};

}  // namespace tapedeck::format
