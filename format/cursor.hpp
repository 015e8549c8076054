#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "format/exchange_builder.hpp"
#include "format/tape_reader.hpp"
#include "format/tape_store.hpp"

namespace tapedeck::format {

/// A row whose turn it is.
struct WaitingRow {
  std::int64_t time = 0;  // request_first
  ChunkRef chunk;
  std::uint32_t row = 0;
  bool last = false;  // none of its chunk waits behind it
};

/// The rows of one recording in time order: a heap of those that the watermark does not let go yet.
class RecordingCursor {
 public:
  RecordingCursor(const TapeMap& map, std::uint32_t recording, const TimeRange& range);

  /// A lower bound of the next row's time, before anything is read of it; nothing at the end.
  std::optional<std::int64_t> next_time() const;
  bool is_ready() const;
  /// Reads the next chunk; there is one.
  Result<void> read_chunk(TapeStore& store);
  /// Rows that the next chunk holds; 0 at the end.
  std::uint64_t next_rows() const { return x_next < x_chunks.size() ? x_chunks[x_next].rows : 0; }
  std::uint64_t waiting() const { return x_heap.size(); }
  WaitingRow pop();
  /// Rows of chunks that could not be read; counted once.
  std::uint64_t take_lost() { return std::exchange(x_lost, 0); }

 private:
  struct Chunk {
    ChunkRef ref;
    std::int64_t watermark = 0;
    std::int64_t earliest = 0;  // least t_min of this and all later chunks
    std::uint32_t rows = 0;     // with an ordinal
    std::uint32_t waiting = 0;  // of them on the heap
  };
  struct Row {
    std::int64_t time = 0;
    std::uint64_t ordinal = 0;
    std::uint32_t row = 0;
    std::size_t chunk = 0;  // in x_chunks
  };
  struct Later {
    bool operator()(const Row& a, const Row& b) const {
      return a.time != b.time ? a.time > b.time : a.ordinal > b.ordinal;
    }
  };
  bool in_range(std::int64_t time) const;

  std::vector<Chunk> x_chunks;  // that can hold rows of the range
  std::size_t x_next = 0;
  std::int64_t x_watermark = INT64_MIN;
  std::int64_t x_from;
  std::int64_t x_to;  // exclusive, unless x_to_end
  bool x_to_end;
  std::uint64_t x_lost = 0;
  std::priority_queue<Row, std::vector<Row>, Later> x_heap;
};

/// What a walk over all rows counts.
struct RowCounts {
  std::uint64_t kept = 0;
  std::uint64_t lost = 0;  // of chunks that are there
  std::map<std::string, std::uint64_t> degraded;
  std::uint64_t completions_lost = 0;  // of those that an index lists
};

struct WaitingLimits {
  std::uint64_t rows = kMaxWaitingRows;
  std::uint64_t at_once = kMaxRowsAtOnce;
};

/// All recordings of a tape in time order. No more than so many rows wait for earlier ones, but those of the first
/// chunk of each recording (errc::limit_exceeded if these are too many): beyond that the earliest that is known comes
/// next, and what turns out to be earlier is flagged late.
class MergedCursor {
 public:
  MergedCursor(TapeStore& store, const TimeRange& range, Bodies bodies, WaitingLimits limits = {});
  /// Nothing at the end; lost rows are stepped over.
  Result<std::optional<BuiltExchange>> next();
  const RowCounts& counts() const { return x_counts; }
  /// Rows in memory.
  std::uint64_t waiting() const { return x_waiting; }

 private:
  Result<RecordingCursor*> earliest();
  RecordingCursor* first_of_all();
  bool must_go(const RecordingCursor& recording) const;
  Result<void> read_chunk(RecordingCursor& recording);

  TapeStore* x_store;
  Bodies x_bodies;
  std::vector<RecordingCursor> x_recordings;
  const WaitingLimits x_limits;
  std::uint64_t x_waiting = 0;
  std::int64_t x_latest = INT64_MIN;  // request_first handed out so far
  RowCounts x_counts;
};

/// Fills in what only a walk over all rows can tell.
Result<void> finish_report(TapeStore& store, const RowCounts& counts);
/// The same after a walk over a part of the time: what is kept and degraded is counted there, and lost is what lacks in
/// it, and what lacks of the tape without a trace of its time.
Result<void> finish_partial_report(TapeStore& store, const RowCounts& counts);

}  // namespace tapedeck::format
