#include "format/tape_writer.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "format/chunk_builder.hpp"
#include "format/format_error.hpp"
#include "format/record_encoder.hpp"
#include "format/segment_writer.hpp"
#include "format/summary_json.hpp"

namespace tapedeck::format {
namespace {

constexpr ByteSize kMinChunk = 64_KiB;
constexpr ByteSize kMaxChunk = 8_MiB;
constexpr Duration kSyncEvery = std::chrono::seconds(1);

http::RecordingId random_recording() {
  std::random_device device;
  http::RecordingId id{};
  for (std::uint8_t& b : id) b = static_cast<std::uint8_t>(device());
  return id;
}

enum class State : std::uint8_t { open, failed, sealed };

Error limit_error(std::string_view what, std::uint64_t size, std::uint64_t limit) {
  return make_error(errc::limit_exceeded, "cannot write the exchange: its " + std::string(what) + " of " +
                                              std::to_string(size) + " bytes is larger than a tape holds (" +
                                              std::to_string(limit) + " bytes); cut it first");
}

Result<void> check_limits(const http::Exchange& exchange) {
  const std::size_t head = std::max(exchange.request.head.size(), exchange.response.head.size());
  if (head > kMaxHead) return limit_error("head", head, kMaxHead);
  if (const std::size_t n = extra_size(exchange); n > kMaxExtra) return limit_error("trailers", n, kMaxExtra);
  if (const std::size_t n = ext_size(exchange); n > kMaxExt) return limit_error("list of gaps", n, kMaxExt);
  return {};
}

/// A prefix was kept if the lengths say so, whatever the flags say.
void settle_truncation(const http::Body& body, http::Side side, RowMeta& row, http::FlagSet& flags) {
  const http::Flag flag = side == http::Side::request ? http::Flag::request_truncated : http::Flag::response_truncated;
  if (body.state == http::BodyState::kept && body.wire_length && *body.wire_length != body.bytes.size())
    flags.set(flag);
  if (flags.has(flag) && body.wire_length) row.seen[static_cast<std::size_t>(side)] = *body.wire_length + 1;
}

const http::Body& body_of(const http::Exchange& exchange, http::Side side) {
  return side == http::Side::request ? exchange.request.body : exchange.response.body;
}

}  // namespace

struct TapeWriter::Impl {
  Impl(TapeOptions given, Time now)
      : options(std::move(given)),
        recording(options.recording ? *options.recording : random_recording()),
        encoder(options.level, options.workers),
        builder(recording),
        last_sync(now) {
    options.chunk = std::clamp(options.chunk, kMinChunk, kMaxChunk);
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
  Result<BodyPlace> place_body(const http::Exchange& exchange, http::Side side);
  Result<BodyPlace> write_blob(const http::Exchange& exchange, http::Side side);
  Result<void> close_chunk();
  Result<void> close_epoch();
  Result<void> submit(EncodeJob job);
  Result<void> take_written(RecordEncoder::Wait wait);
  Result<void> flush();
  Result<void> sync(Time now);
  Result<void> fail(const Error& error);
  Result<void> abandon_segment(std::unique_ptr<ByteSink> sink, Time now);

  TapeOptions options;
  const http::RecordingId recording;
  RecordEncoder encoder;
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

Result<void> TapeWriter::Impl::start_segment(std::unique_ptr<ByteSink> sink, Time now) {
  writer = std::make_unique<SegmentWriter>(std::move(sink), SegmentId{recording, segment}, next_ordinal, options.level);
  totals = {};
  totals.recording_note = first_note;
  state = State::open;
  FileHeaderBody header;
  header.compat = options.sorted ? kCompatSorted : 0;
  header.created = to_ns(now);
  header.next_ordinal = next_ordinal;
  if (auto written = writer->write_file_header(header); !written) return fail(written.error());
  return {};
}

Result<void> TapeWriter::Impl::check_open() const {
  if (state == State::failed) return trouble;
  if (state == State::sealed) return make_error(errc::not_supported, "the tape is sealed: nothing can be added to it");
  return {};
}

/// The segment ends here, readable up to its last good record.
Result<void> TapeWriter::Impl::fail(const Error& error) {
  state = State::failed;
  trouble = error;
  return error;
}

Result<http::ExchangeId> TapeWriter::Impl::append(const http::Exchange& exchange, Time now) {
  if (auto open = check_open(); !open) return open.error();
  if (auto fits = check_limits(exchange); !fits) return fits.error();
  if (builder.rows() > 0 && now - chunk_opened >= options.chunk_age) {
    if (auto closed = close_chunk(); !closed) return closed.error();
  }
  auto row = place_row(exchange);
  if (!row) return row.error();
  if (builder.rows() == 0) chunk_opened = now;
  const std::uint64_t ordinal = next_ordinal++;
  totals_add(exchange, http::FlagSet(row->flags));
  builder.add(exchange, std::move(*row), ordinal);
  last_row = std::max(last_row, to_ns(sort_time(exchange)));
  // The row is taken: if closing its chunk fails, the next call says so, and the row is among those lost.
  if (builder.size() >= options.chunk.bytes || builder.rows() >= kChunkRows) (void)close_chunk();
  const bool has_origin = exchange.id.recording != http::RecordingId{};
  return has_origin ? exchange.id : http::ExchangeId{recording, ordinal};
}

/// What the exchange itself does not say: where its bodies are, and its flags as stored.
Result<RowMeta> TapeWriter::Impl::place_row(const http::Exchange& exchange) {
  RowMeta row;
  http::FlagSet flags = exchange.flags;
  for (const http::Side side : {http::Side::request, http::Side::response}) {
    settle_truncation(body_of(exchange, side), side, row, flags);
    auto place = place_body(exchange, side);
    if (!place) return place.error();
    row.bodies[static_cast<std::size_t>(side)] = std::move(*place);
  }
  // Either body can have closed an epoch; the row itself goes into the one that is open now.
  for (BodyPlace& body : row.bodies) {
    if (body.code == BodyCode::blob) body.epochs_back = epoch - body.epochs_back;
  }
  if (to_ns(sort_time(exchange)) < std::max(promised, options.sorted ? last_row : INT64_MIN)) {
    flags.set(http::Flag::late_row);
  }
  row.flags = flags.bits();
  return row;
}

void TapeWriter::Impl::totals_add(const http::Exchange& exchange, http::FlagSet flags) {
  add_exchange(totals, exchange, flags, {exchange.request.body.bytes.size(), exchange.response.body.bytes.size()});
}

Result<BodyPlace> TapeWriter::Impl::place_body(const http::Exchange& exchange, http::Side side) {
  const http::Body& body = body_of(exchange, side);
  BodyPlace place;
  switch (body.state) {
    case http::BodyState::none: return place;
    case http::BodyState::omitted:
      place.code = BodyCode::omitted;
      place.length = body.wire_length ? *body.wire_length + 1 : 0;
      place.omitted_because = static_cast<std::uint8_t>(body.omitted_because);
      if (body.sha256.size() == 32) place.sha256 = body.sha256;
      return place;
    case http::BodyState::kept: break;
  }
  if (body.bytes.size() > kInlineBody) return write_blob(exchange, side);
  place.code = BodyCode::in_column;
  place.length = body.bytes.size();
  return place;
}

/// Parts first, so that a row never names what is not there yet. epochs_back is the first part's epoch, for place_row.
Result<BodyPlace> TapeWriter::Impl::write_blob(const http::Exchange& exchange, http::Side side) {
  const std::string_view bytes = body_of(exchange, side).bytes;
  const std::uint64_t parts = (bytes.size() + kInlineBody - 1) / kInlineBody;
  if (blobs_in_epoch > 0 && blobs_in_epoch + parts > kEpochBlobs) {
    if (auto closed = close_epoch(); !closed) return closed.error();
  }
  const std::uint32_t first_epoch = epoch;
  BlobBody blob;
  blob.blob = next_blob++;
  blob.connection = exchange.connection ? exchange.connection->number : 0;
  blob.sequence = exchange.sequence;
  for (std::size_t at = 0; at < bytes.size(); at += kInlineBody) {
    const std::string_view part = bytes.substr(at, kInlineBody);
    blob.offset = at;
    blob.raw_len = static_cast<std::uint32_t>(part.size());
    blob.flags = static_cast<std::uint8_t>((at + part.size() == bytes.size() ? kBlobLast : 0) |
                                           (side == http::Side::request ? kBlobOfRequest : 0));
    blob.epoch = epoch;
    ++blobs_in_epoch;
    if (auto submitted = submit({RecordType::blob, encode(blob), std::string(part), {}, {}, false}); !submitted) {
      return submitted.error();
    }
    ++blob.part;
    if (blobs_in_epoch >= kEpochBlobs) {
      if (auto closed = close_epoch(); !closed) return closed.error();
    }
  }
  BodyPlace place;
  place.code = BodyCode::blob;
  place.length = bytes.size();
  place.blob = blob.blob;
  place.epochs_back = first_epoch;
  return place;
}

Result<void> TapeWriter::Impl::close_chunk() {
  if (builder.rows() == 0) return {};
  ClosedChunk chunk = builder.close();
  promised = std::max({promised, watermark, options.sorted ? last_row : INT64_MIN});
  chunk.facts.next_ordinal = next_ordinal - chunk.facts.exchanges;
  chunk.facts.watermark = promised;
  chunk.facts.epoch = epoch;
  chunk.facts.chunk_in_epoch = static_cast<std::uint16_t>(chunks_in_epoch++);
  if (auto submitted = submit({RecordType::chunk, {}, {}, std::move(chunk), {}, false}); !submitted) return submitted;
  return chunks_in_epoch >= kEpochChunks ? close_epoch() : Result<void>();
}

Result<void> TapeWriter::Impl::close_epoch() {
  if (auto closed = close_chunk(); !closed) return closed;
  if (chunks_in_epoch == 0 && blobs_in_epoch == 0) return {};
  if (auto flushed = flush(); !flushed) return flushed;
  if (auto written = writer->write_index(epoch); !written) return fail(written.error());
  ++epoch;
  chunks_in_epoch = 0;
  blobs_in_epoch = 0;
  return {};
}

Result<void> TapeWriter::Impl::submit(EncodeJob job) {
  while (encoder.full()) {
    if (auto written = take_written(RecordEncoder::Wait::yes); !written) return written;
  }
  encoder.submit(std::move(job));
  while (!encoder.empty()) {
    const std::uint64_t before = writer->bytes();
    if (auto written = take_written(RecordEncoder::Wait::no); !written) return written;
    if (writer->bytes() == before) break;
  }
  return {};
}

/// Writes the oldest record, if it is ready.
Result<void> TapeWriter::Impl::take_written(RecordEncoder::Wait wait) {
  const std::unique_ptr<EncodeJob> job = encoder.take(wait);
  if (job == nullptr) return {};
  if (auto written = writer->write(*job); !written) return fail(written.error());
  acknowledged.written = writer->written_ordinals();
  if (options.sync == Sync::every_chunk && job->type == RecordType::chunk) return sync(last_sync);
  return {};
}

Result<void> TapeWriter::Impl::flush() {
  while (!encoder.empty()) {
    if (auto written = take_written(RecordEncoder::Wait::yes); !written) return written;
  }
  return {};
}

Result<void> TapeWriter::Impl::sync(Time now) {
  last_sync = now;
  if (auto synced = writer->sync(); !synced) return fail(synced.error());
  acknowledged.synced = acknowledged.written;
  return {};
}

Result<void> TapeWriter::Impl::note(const Note& note) {
  if (auto open = check_open(); !open) return open;
  if (note.json.size() > kMaxNoteJson) return limit_error("note", note.json.size(), kMaxNoteJson);
  NoteBody body;
  body.reason = static_cast<std::uint16_t>(note.reason);
  body.level = static_cast<std::uint16_t>(note.level);
  body.from = to_ns(note.from);
  body.to = to_ns(note.to);
  body.since_last = {note.exchanges, note.bytes, note.packets};
  NoteCounts& total = noted[note.reason];
  total.exchanges += note.exchanges;
  total.bytes += note.bytes;
  total.packets += note.packets;
  body.total = total;
  if (note.reason == http::Reason::none && first_note.empty()) totals.recording_note = first_note = note.json;
  if (note.level == NoteLevel::loss) {
    LossTotals& loss = totals.losses[std::string(http::name_of(note.reason))];
    loss.exchanges += note.exchanges;
    loss.bytes += note.bytes;
    loss.packets += note.packets;
  }
  return submit({RecordType::note, encode(body), note.json, {}, {}, false});
}

Result<void> TapeWriter::Impl::tick(Time now, Time new_watermark) {
  if (auto open = check_open(); !open) return open;
  watermark = std::max(watermark, to_ns(new_watermark));
  if (builder.rows() > 0 && now - chunk_opened >= options.chunk_age) {
    if (auto closed = close_chunk(); !closed) return closed;
  }
  for (std::uint64_t before = UINT64_MAX; before != writer->bytes();) {
    before = writer->bytes();
    if (auto written = take_written(RecordEncoder::Wait::no); !written) return written;
  }
  if (options.sync == Sync::every_second && now - last_sync >= kSyncEvery) return sync(now);
  return {};
}

Result<void> TapeWriter::Impl::seal_segment() {
  if (auto closed = close_epoch(); !closed) return closed;
  if (auto flushed = flush(); !flushed) return flushed;
  if (auto written = writer->write_summary_and_footer(summary_to_json(totals)); !written) return fail(written.error());
  if (options.sync != Sync::never) return sync(last_sync);
  return {};
}

Result<void> TapeWriter::Impl::next_segment(std::unique_ptr<ByteSink> sink, Time now) {
  if (state == State::failed) return abandon_segment(std::move(sink), now);
  if (auto open = check_open(); !open) return open;
  if (auto sealed = seal_segment(); !sealed) return sealed;
  earlier_bytes += writer->bytes();
  ++segment;
  return start_segment(std::move(sink), now);
}

/// Rows that were taken but not written are gone: a note says how many. Readers count them from the ordinals, too.
Result<void> TapeWriter::Impl::abandon_segment(std::unique_ptr<ByteSink> sink, Time now) {
  encoder.clear();
  builder.close();
  const std::uint64_t gone = next_ordinal - writer->written_ordinals();
  lost += gone;
  unnoted += gone;
  earlier_bytes += writer->bytes();
  ++segment;
  ++epoch;
  chunks_in_epoch = 0;
  blobs_in_epoch = 0;
  const bool was_full = trouble.code == boost::system::errc::no_space_on_device;
  if (auto started = start_segment(std::move(sink), now); !started) return started;
  if (unnoted == 0) return {};
  Note loss;
  loss.reason = was_full ? http::Reason::disk_full : http::Reason::io_error;
  loss.level = NoteLevel::loss;
  loss.from = loss.to = now;
  loss.exchanges = std::exchange(unnoted, 0);
  return note(loss);
}

TapeWriter::TapeWriter(std::unique_ptr<Impl> impl) : x_impl(std::move(impl)) {}
TapeWriter::TapeWriter(TapeWriter&&) noexcept = default;
TapeWriter& TapeWriter::operator=(TapeWriter&&) noexcept = default;
TapeWriter::~TapeWriter() = default;

Result<TapeWriter> TapeWriter::create(std::unique_ptr<ByteSink> sink, TapeOptions options, Time now) {
  TapeWriter writer(std::make_unique<Impl>(std::move(options), now));
  if (auto started = writer.x_impl->start_segment(std::move(sink), now); !started) return started.error();
  return writer;
}

Result<http::ExchangeId> TapeWriter::append(const http::Exchange& exchange, Time now) {
  return x_impl->append(exchange, now);
}
Result<void> TapeWriter::note(const Note& note, Time) { return x_impl->note(note); }
Result<void> TapeWriter::tick(Time now, Time watermark) { return x_impl->tick(now, watermark); }
Result<void> TapeWriter::next_segment(std::unique_ptr<ByteSink> sink, Time now) {
  return x_impl->next_segment(std::move(sink), now);
}

Result<TapeTotals> TapeWriter::seal(Time) {
  if (auto open = x_impl->check_open(); !open) return open.error();
  if (auto sealed = x_impl->seal_segment(); !sealed) return sealed.error();
  x_impl->state = State::sealed;
  return TapeTotals{x_impl->next_ordinal - x_impl->lost, x_impl->earlier_bytes + x_impl->writer->bytes()};
}

Acknowledged TapeWriter::acknowledged() const { return x_impl->acknowledged; }
const http::RecordingId& TapeWriter::recording() const { return x_impl->recording; }
std::uint32_t TapeWriter::segment() const { return x_impl->segment; }
std::uint64_t TapeWriter::lost() const { return x_impl->lost; }
std::uint64_t TapeWriter::segment_bytes() const { return x_impl->writer->bytes(); }

}  // namespace tapedeck::format
