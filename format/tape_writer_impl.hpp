#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "format/chunk_builder.hpp"
#include "format/epoch_tables.hpp"
#include "format/record_encoder.hpp"
#include "format/segment_writer.hpp"
#include "format/tape_summary.hpp"
#include "format/tape_writer.hpp"

namespace tapedeck::format {

http::RecordingId random_recording();
Error limit_error(std::string_view what, std::uint64_t size, std::uint64_t limit);

struct TapeWriter::Impl {
  enum class State : std::uint8_t { open, failed, sealed };

  Impl(TapeOptions given, Time now)
      : options(std::move(given)),
        recording(options.recording ? *options.recording : random_recording()),
        encoder(options.level, options.workers),
        builder(recording, values),
        last_sync(now) {
    options.chunk = std::clamp(options.chunk, ByteSize{64_KiB}, ByteSize{8_MiB});
  }

  Result<void> start_segment(std::unique_ptr<ByteSink> sink, Time now);
  Result<http::ExchangeId> append(const http::Exchange& exchange, Time now);
  Result<void> note(const Note& note);
  Result<void> tick(Time now, Time new_watermark);
  Result<void> next_segment(std::unique_ptr<ByteSink> sink, Time now);
  Result<void> seal_segment();

  Result<void> check_open() const;
  Result<RowMeta> place_row(const http::Exchange& exchange);
  void totals_add(const http::Exchange& exchange, http::FlagSet flags);
  BodyPlace place_body(const http::Body& body, std::uint64_t index);
  Result<BodyPlace> write_blob(const http::Exchange& exchange, http::Side side);
  Result<void> close_chunk();
  Result<void> close_epoch();
  void begin_epoch();
  Result<void> submit(EncodeJob job);
  Result<void> take_written(RecordEncoder::Wait wait);
  Result<void> flush();
  Result<void> sync(Time now);
  Result<void> fail(const Error& error);
  Result<void> abandon_segment(std::unique_ptr<ByteSink> sink, Time now);

  TapeOptions options;
  const http::RecordingId recording;
  RecordEncoder encoder;
  ValueTable values;  // these three: of the open epoch
  BodyTable bodies;
  BodyTable parts;
  ChunkBuilder builder;
  std::unique_ptr<SegmentWriter> writer;
  TapeSummary totals;  // of the segment
  State state = State::open;
  Error trouble;
  std::uint32_t segment = 0;
  std::uint32_t epoch = 0;
  std::uint32_t chunks_in_epoch = 0;  // submitted
  std::uint32_t blobs_in_epoch = 0;   // submitted
  std::uint64_t next_ordinal = 0;
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
