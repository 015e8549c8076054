#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "base/byte_size.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "format/byte_sink.hpp"
#include "format/note.hpp"
#include "format/tape_key.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

enum class Sync : std::uint8_t { every_second, every_chunk, never };

inline constexpr Duration kAnyAge = Duration::max();

http::RecordingId random_recording();

struct TapeOptions {
  int level = 3;         // zstd
  unsigned workers = 1;  // compression threads beside the caller's; any number gives equal bytes
  Sync sync = Sync::every_second;
  ByteSize chunk = 1_MiB;                        // raw
  Duration chunk_age = std::chrono::seconds(1);  // kAnyAge: only full chunks are closed
  std::optional<http::RecordingId> recording;    // unset: random
  std::optional<TapeKey> key;                    // encrypts; nonces follow from the recording's id: it must be random
  bool random_id = false;                        // `recording` was drawn for this tape alone: it may go with a key
  bool sorted = false;  // rows come in (request_first, ordinal) order: filter, merge, recover, import
};

struct TapeTotals {
  std::uint64_t exchanges = 0;
  std::uint64_t bytes = 0;  // of all segments
};

/// Ordinals below `written` are in the sink, those below `synced` on the disk. The same of completions, in the sink.
struct Acknowledged {
  std::uint64_t written = 0;
  std::uint64_t synced = 0;
  std::uint64_t completions = 0;
};

/// Names a body that is handed over in parts; from 1. 0: none.
using BlobNumber = std::uint64_t;

struct BodyPart {
  http::Side side = http::Side::request;
  std::uint64_t connection = 0;
  std::uint32_t sequence = 0;
  std::string bytes;       // any number, also none
  bool last = false;       // nothing of the body comes behind it
  bool cut_short = false;  // with `last`: the body itself was to go on
};
/// A part of one of the exchange's bodies.
BodyPart part_of(const http::Exchange& exchange, http::Side side, std::string bytes = {});

/// Bodies of an exchange that were handed over in parts. Bytes that the exchange itself holds of them are not used.
struct StreamedBodies {
  BlobNumber request = 0;
  BlobNumber response = 0;
};

/// Writes one recording. One thread; copies what it is given. After an error of the sink the segment is cut back to its
/// last good record and stays unsealed (but readable); next_segment() is the way on. What was open then and stands in
/// the segment is completed as cut off in the next; the caller must give it up.
class TapeWriter {
 public:
  static Result<TapeWriter> create(std::unique_ptr<ByteSink> sink, TapeOptions options, Time now);
  TapeWriter(TapeWriter&&) noexcept;
  TapeWriter& operator=(TapeWriter&&) noexcept;
  ~TapeWriter();

  /// A whole row. The exchange's own id is kept as its origin if it has one (recording not all zeros), else the new id
  /// holds.
  Result<http::ExchangeId> append(const http::Exchange& exchange, Time now, StreamedBodies bodies = {});

  /// An opening row: the request side of an exchange that is still under way. Its request body is whole unless it is
  /// handed over in parts of which the last is yet to come.
  Result<http::ExchangeId> open(const http::Exchange& exchange, Time now, StreamedBodies bodies = {});
  /// The completion row of an opening row: the response, final flags, reason and times, and of the request what came
  /// after open(). The request's head is not needed again. Returns the number of the completion: see Acknowledged.
  Result<std::uint64_t> complete(const http::ExchangeId& id, const http::Exchange& exchange, Time now,
                                 StreamedBodies bodies = {});
  /// Completes all that is open as cut off, without a response, for this reason.
  Result<void> cut_off(http::Reason reason, Time now);

  /// A body that leaves in parts while it arrives: parts first, then the row that names it. What an error of the sink
  /// interrupts is unknown (errc::not_found) afterwards.
  BlobNumber begin_body();
  Result<void> append_body(BlobNumber body, BodyPart part, Time now);
  /// No row will name it.
  void forget_body(BlobNumber body);

  Result<void> note(const Note& note, Time now);
  /// Every 100 ms: raises the watermark (no later row has a request first byte below it), closes a chunk that is old
  /// enough, syncs when due.
  Result<void> tick(Time now, Time watermark);
  Result<void> next_segment(std::unique_ptr<ByteSink> sink, Time now);
  /// Cuts off what is open, closes the chunk, writes INDEX, SUMMARY, FOOTER, syncs.
  Result<TapeTotals> seal(Time now);

  Acknowledged acknowledged() const;
  const http::RecordingId& recording() const;
  std::uint32_t segment() const;
  std::uint64_t segment_bytes() const;  // written so far
  /// Held by the open chunk, records on their way to the sink, tables, open rows, the index to come.
  std::uint64_t memory() const;
  /// Rows that append() took and no segment holds, after an error of the sink and next_segment(), which notes them.
  std::uint64_t lost() const;

 private:
  struct Impl;
  explicit TapeWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> x_impl;
};

}  // namespace tapedeck::format
