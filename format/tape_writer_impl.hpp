#pragma once
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "format/chunk_builder.hpp"
#include "format/epoch_tables.hpp"
#include "format/record_encoder.hpp"
#include "format/segment_writer.hpp"
#include "format/tape_summary.hpp"
#include "format/tape_writer.hpp"
#include "http/endpoint.hpp"

namespace tapedeck::format {

Error limit_error(std::string_view what, std::uint64_t size, std::uint64_t limit);

/// A body that is handed over in parts.
struct OpenBlob {
  std::uint64_t bytes = 0;    // handed over
  std::uint64_t written = 0;  // of these in the sink
  std::uint32_t parts = 0;
  std::uint32_t first_epoch = 0;
  bool ended = false;
};

/// An exchange with an opening row, until its completion row is in the sink.
struct OpenRow {
  RowMeta names;  // what the completion repeats
  http::FlagSet flags;
  Time request_last{};
  http::Endpoint endpoint;
  std::uint64_t kept_request = 0;  // bytes of the request's body, if it was whole
  BlobNumber request_blob = 0;     // still open, so that the completion has the body's final place
  OpenBlob request_body;           // of request_blob, once its segment was abandoned
  bool completing = false;         // the completion row was taken
};

struct TapeWriter::Impl {
  enum class State : std::uint8_t { open, failed, sealed };

  Impl(TapeOptions given, Time now)
      : options(std::move(given)),
        recording(options.recording ? *options.recording : random_recording()),
        encoder(options.level, options.workers, options.key ? Encrypted::yes : Encrypted::no),
        builder(recording, values),
        last_sync(now) {
    options.chunk = std::clamp(options.chunk, ByteSize{64_KiB}, ByteSize{8_MiB});
  }

  Result<void> start_segment(std::unique_ptr<ByteSink> sink, Time now);
  Result<http::ExchangeId> append(const http::Exchange& exchange, Time now, StreamedBodies streamed);
  Result<http::ExchangeId> open(const http::Exchange& exchange, Time now, StreamedBodies streamed);
  Result<std::uint64_t> complete(const http::ExchangeId& id, const http::Exchange& exchange, Time now,
                                 StreamedBodies streamed);
  Result<void> cut_off(http::Reason reason, Time now);
  Result<void> append_body(BlobNumber number, BodyPart part);
  Result<void> note(const Note& note);
  Result<void> tick(Time now, Time new_watermark);
  Result<void> next_segment(std::unique_ptr<ByteSink> sink, Time now);
  Result<void> seal_segment();

  Result<void> check_open() const;
  Result<void> before_row(const http::Exchange& exchange, Time now);
  http::ExchangeId take_row(const http::Exchange& exchange, RowMeta row, const RowParts& parts, Time now);
  void take_completion(std::uint64_t ordinal, const http::Exchange& exchange, RowMeta row, const RowParts& parts,
                       Time now);
  void close_if_full();
  Result<void> cut_off_one(std::uint64_t ordinal, const OpenRow& open, http::Reason reason, Time now);
  void set_flags(const http::Exchange& exchange, RowMeta& row) const;
  Result<void> place_bodies(const http::Exchange& exchange, StreamedBodies streamed, const RowParts& parts,
                            RowMeta& row);
  Result<void> finish_blobs(const http::Exchange& exchange, StreamedBodies& streamed, const RowParts& parts,
                            RowKind kind);
  Result<BlobNumber> write_blob(const http::Exchange& exchange, http::Side side);
  Result<void> write_part(BlobNumber number, const BodyPart& of, std::string bytes, bool last);
  BodyPlace place_blob(BlobNumber number, const http::Body& body, http::Side side, RowKind kind);
  BodyPlace place_body(const http::Body& body, std::uint64_t index);
  Result<void> close_chunk();
  Result<void> close_epoch();
  void begin_epoch();
  Result<void> submit(EncodeJob job);
  Result<void> take_written(RecordEncoder::Wait wait);
  Result<void> flush();
  Result<void> sync(Time now);
  Result<void> fail(const Error& error);
  Result<void> abandon_segment(std::unique_ptr<ByteSink> sink, Time now);
  void forget_unwritten_rows();
  void remember_written(const EncodeJob& job);
  std::uint64_t memory() const;

  TapeOptions options;
  const http::RecordingId recording;
  RecordEncoder encoder;
  ValueTable values;  // these three: of the open epoch
  BodyTable bodies;
  BodyTable known_parts;
  ChunkBuilder builder;
  std::string spare_payload;  // memory of one that was written
  std::unique_ptr<SegmentWriter> writer;
  TapeSummary totals;  // of the segment
  State state = State::open;
  Error trouble;
  std::uint32_t segment = 0;
  std::uint32_t epoch = 0;
  std::uint32_t chunks_in_epoch = 0;       // submitted
  std::uint32_t blobs_in_epoch = 0;        // submitted
  std::uint32_t completions_in_epoch = 0;  // submitted
  std::uint64_t next_ordinal = 0;
  std::uint64_t next_completion = 0;
  std::map<std::uint64_t, OpenRow> open_rows;  // by ordinal, so that all are cut off in the same order in every run
  std::deque<std::uint64_t> completing;        // ordinals; the last has completion next_completion - 1
  std::unordered_map<BlobNumber, OpenBlob> open_blobs;
  std::uint64_t next_blob = 1;
  std::int64_t watermark = INT64_MIN;  // as told
  std::int64_t promised = INT64_MIN;   // that of the last closed chunk
  std::int64_t last_row = INT64_MIN;   // request_first
  Time chunk_opened{};
  Time last_sync;
  Acknowledged acknowledged;
  std::uint64_t earlier_bytes = 0;  // of segments before this one
  std::uint64_t lost = 0;           // rows taken that no segment holds
  std::uint64_t unnoted = 0;        // of these, in no note yet: starting a segment can fail several times
  std::map<http::Reason, NoteCounts> noted;
  std::string first_note;
};

}  // namespace tapedeck::format
