#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "base/byte_size.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "format/byte_sink.hpp"
#include "format/note.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

enum class Sync : std::uint8_t { every_second, every_chunk, never };

struct TapeOptions {
  int level = 3;         // zstd
  unsigned workers = 1;  // compression threads beside the caller's; any number gives equal bytes
  Sync sync = Sync::every_second;
  ByteSize chunk = 1_MiB;  // raw
  Duration chunk_age = std::chrono::seconds(1);
  std::optional<http::RecordingId> recording;  // unset: random
  bool sorted = false;  // rows come in (request_first, ordinal) order: filter, merge, recover, import
};

struct TapeTotals {
  std::uint64_t exchanges = 0;
  std::uint64_t bytes = 0;  // of all segments
};

/// Ordinals below `written` are in the sink, those below `synced` on the disk.
struct Acknowledged {
  std::uint64_t written = 0;
  std::uint64_t synced = 0;
};

/// Writes one recording. One thread; copies what it is given. After an error of the sink the segment is cut back to its
/// last good record and stays unsealed (but readable); next_segment() is the way on.
class TapeWriter {
 public:
  static Result<TapeWriter> create(std::unique_ptr<ByteSink> sink, TapeOptions options, Time now);
  TapeWriter(TapeWriter&&) noexcept;
  TapeWriter& operator=(TapeWriter&&) noexcept;
  ~TapeWriter();

  /// A whole row. The exchange's own id is kept as its origin if it has one (recording not all zeros), else the new id
  /// holds.
  Result<http::ExchangeId> append(const http::Exchange& exchange, Time now);
  Result<void> note(const Note& note, Time now);
  /// Every 100 ms: raises the watermark (no later row has a request first byte below it), closes a chunk that is old
  /// enough, syncs when due.
  Result<void> tick(Time now, Time watermark);
  Result<void> next_segment(std::unique_ptr<ByteSink> sink, Time now);
  /// Closes the chunk, writes INDEX, SUMMARY, FOOTER, syncs.
  Result<TapeTotals> seal(Time now);

  Acknowledged acknowledged() const;
  const http::RecordingId& recording() const;
  std::uint32_t segment() const;
  std::uint64_t segment_bytes() const;  // written so far
  /// Rows that append() took and no segment holds, after an error of the sink and next_segment(), which notes them.
  std::uint64_t lost() const;

 private:
  struct Impl;
  explicit TapeWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> x_impl;
};

}  // namespace tapedeck::format
