#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/chunk_body.hpp"
#include "format/damage_report.hpp"
#include "format/record.hpp"
#include "format/segment_records.hpp"

namespace tapedeck::format {

/// Where records are, by footers and indexes or by a scan. Offsets count from the source's first byte.
struct ChunkEntry {
  std::uint64_t offset = 0;
  std::uint32_t length = 0;  // of the record
  ChunkFacts facts;
  std::uint64_t record_no = 0;  // by a scan only
  bool damaged = false;         // a scan found its payload wrong: its columns must each be checked
};

struct BlobPart {
  std::uint64_t blob = 0;
  std::uint32_t part = 0;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
};

/// The row that completes an exchange.
struct CompletionPlace {
  std::uint64_t ordinal = 0;
  std::uint32_t segment = 0;  // in the recording's list
  std::uint32_t epoch = 0;
  std::uint32_t chunk_in_epoch = 0;
  std::uint32_t row = 0;
};

struct NotePlace {
  std::uint64_t offset = 0;
  NoteBody body;
  std::string json;
};

struct SegmentMap {
  std::uint32_t number = 0;
  bool sealed = false;
  bool encrypted = false;
  std::optional<std::uint64_t> first_ordinal;  // where the FILE_HEADER (or the SUMMARY) says it
  std::uint64_t lowest_seen = UINT64_MAX;      // least next_ordinal of any record
  std::uint64_t next_ordinal = 0;              // one past the last that any record tells of
  std::optional<std::uint64_t> first_completion;
  std::uint64_t next_completion = 0;
  std::uint64_t records = 0;
  std::uint64_t summary_offset = 0;          // of the SUMMARY record, if sealed
  std::vector<SummaryEpoch> epochs;          // by footers: in place of chunks until these are known
  std::vector<ChunkEntry> chunks;            // by (epoch, chunk_in_epoch)
  std::vector<BlobPart> blobs;               // as they stand; moved to the recording
  std::vector<CompletionPlace> completions;  // by footers only: as the indexes list them; moved to the recording
  std::vector<NotePlace> notes;              // by a scan only
};

struct RecordingMap {
  http::RecordingId id{};
  std::vector<SegmentMap> segments;          // by number
  std::vector<BlobPart> blobs;               // by (blob, part)
  std::vector<CompletionPlace> completions;  // by footers only: by ordinal
};

struct TapeMap {
  std::vector<RecordingMap> recordings;  // in order of appearance
  bool from_footers = false;
};

/// Adds a segment where it belongs.
void add_segment(TapeMap& map, const http::RecordingId& recording, SegmentMap segment);
/// Once all are there: sorts what lookups rely on.
void settle(TapeMap& map);

/// How many completions a reader keeps the places of: more cannot be meant seriously on a tape of that size.
constexpr std::uint64_t most_completions(std::uint64_t tape_bytes) {
  return std::max(kMaxCompletions, tape_bytes / kBytesPerCompletion);
}

/// For lookups by ordinal.
void sort_completions(std::vector<CompletionPlace>& completions);

/// What ordinals and watermarks tell: exchanges expected, tail_unknown, covered_until, completions_lost.
struct Expected {
  std::uint64_t exchanges = 0;
};
Expected account(const TapeMap& map, DamageReport& report);

}  // namespace tapedeck::format
