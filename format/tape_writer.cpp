#include "format/tape_writer.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "format/format_error.hpp"
#include "format/summary_json.hpp"
#include "format/tape_writer_impl.hpp"

namespace tapedeck::format {
namespace {

constexpr Duration kSyncEvery = std::chrono::seconds(1);

}  // namespace

http::RecordingId random_recording() {
  std::random_device device;
  http::RecordingId id{};
  for (std::uint8_t& b : id) b = static_cast<std::uint8_t>(device());
  return id;
}

Result<void> TapeWriter::Impl::start_segment(std::unique_ptr<ByteSink> sink, Time now) {
  writer =
      std::make_unique<SegmentWriter>(std::move(sink), SegmentId{recording, segment},
                                      SegmentWriter::Counts{next_ordinal, next_completion}, options.level, options.key);
  totals = {};
  totals.recording_note = first_note;
  state = State::open;
  FileHeaderBody header;
  header.compat = options.sorted ? kCompatSorted : 0;
  header.created = to_ns(now);
  header.next_ordinal = next_ordinal;
  header.next_completion = next_completion;
  header.key_id = options.key ? key_id_of(*options.key) : 0;
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

Result<void> TapeWriter::Impl::close_chunk() {
  if (builder.rows() == 0) return {};
  ClosedChunk chunk = builder.close();
  promised = std::max({promised, watermark, options.sorted ? last_row : INT64_MIN});
  chunk.facts.next_ordinal = next_ordinal - chunk.facts.exchanges;
  const std::uint32_t completions = chunk.facts.completions();
  chunk.facts.next_completion = next_completion - completions;
  completions_in_epoch += completions;
  chunk.facts.watermark = promised;
  chunk.facts.epoch = epoch;
  chunk.facts.chunk_in_epoch = static_cast<std::uint16_t>(chunks_in_epoch++);
  if (auto submitted = submit({RecordType::chunk, {}, {}, std::move(chunk), {}, false}); !submitted) return submitted;
  const bool is_full = chunks_in_epoch >= kEpochChunks || completions_in_epoch >= kEpochCompletions;
  return is_full ? close_epoch() : Result<void>();
}

Result<void> TapeWriter::Impl::close_epoch() {
  if (auto closed = close_chunk(); !closed) return closed;
  if (chunks_in_epoch == 0 && blobs_in_epoch == 0) return {};
  if (auto flushed = flush(); !flushed) return flushed;
  if (auto written = writer->write_index(epoch); !written) return fail(written.error());
  begin_epoch();
  return {};
}

void TapeWriter::Impl::begin_epoch() {
  ++epoch;
  chunks_in_epoch = 0;
  blobs_in_epoch = 0;
  completions_in_epoch = 0;
  values.clear();
  bodies.clear();
  known_parts.clear();
}

Result<void> TapeWriter::Impl::submit(EncodeJob job) {
  while (encoder.full()) {
    if (auto written = take_written(RecordEncoder::Wait::yes); !written) return written;
  }
  job.payload.bytes = std::exchange(spare_payload, {});
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
  remember_written(*job);
  builder.recycle(std::move(job->chunk.columns));
  if (job->payload.bytes.capacity() > spare_payload.capacity()) spare_payload = std::move(job->payload.bytes);
  if (options.sync == Sync::every_chunk && job->type == RecordType::chunk) return sync(last_sync);
  return {};
}

void TapeWriter::Impl::remember_written(const EncodeJob& job) {
  acknowledged.written = writer->written().ordinals;
  acknowledged.completions = writer->written().completions;
  while (next_completion - completing.size() < acknowledged.completions && !completing.empty()) {
    const auto done = open_rows.find(completing.front());
    open_blobs.erase(done->second.request_blob);
    open_rows.erase(done);
    completing.pop_front();
  }
  if (job.type != RecordType::blob) return;
  const BlobBody blob = *decode_blob(job.body);
  if (const auto open = open_blobs.find(blob.blob); open != open_blobs.end()) open->second.written += blob.raw_len;
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
  const std::uint64_t gone = next_ordinal - writer->written().ordinals;
  lost += gone;
  unnoted += gone;
  forget_unwritten_rows();
  earlier_bytes += writer->bytes();
  ++segment;
  begin_epoch();
  const bool was_full = trouble.code == boost::system::errc::no_space_on_device;
  const http::Reason reason = was_full ? http::Reason::disk_full : http::Reason::io_error;
  if (auto started = start_segment(std::move(sink), now); !started) return started;
  if (unnoted != 0) {
    Note loss;
    loss.reason = reason;
    loss.level = NoteLevel::loss;
    loss.from = loss.to = now;
    loss.exchanges = std::exchange(unnoted, 0);
    if (auto written = note(loss); !written) return written;
  }
  return cut_off(reason, now);
}

/// Opening rows that no segment holds are gone with the others; those that one holds are open again, with what of
/// their bodies is there.
void TapeWriter::Impl::forget_unwritten_rows() {
  open_rows.erase(open_rows.lower_bound(writer->written().ordinals), open_rows.end());
  completing.clear();
  for (auto& [ordinal, row] : open_rows) {
    row.completing = false;
    if (const auto blob = open_blobs.find(row.request_blob); blob != open_blobs.end()) {
      row.request_body = blob->second;
      row.request_body.bytes = blob->second.written;
      row.request_body.ended = true;  // the parts behind are gone: none can follow
    }
  }
  open_blobs.clear();
}

TapeWriter::TapeWriter(std::unique_ptr<Impl> impl) : x_impl(std::move(impl)) {}
TapeWriter::TapeWriter(TapeWriter&&) noexcept = default;
TapeWriter& TapeWriter::operator=(TapeWriter&&) noexcept = default;
TapeWriter::~TapeWriter() = default;

Result<TapeWriter> TapeWriter::create(std::unique_ptr<ByteSink> sink, TapeOptions options, Time now) {
  if (options.key && options.recording && !options.random_id) {
    return make_error(errc::not_supported, "an encrypted tape takes a random recording id: nonces follow from it");
  }
  TapeWriter writer(std::make_unique<Impl>(std::move(options), now));
  if (auto started = writer.x_impl->start_segment(std::move(sink), now); !started) return started.error();
  return writer;
}

Result<http::ExchangeId> TapeWriter::append(const http::Exchange& exchange, Time now, StreamedBodies bodies) {
  return x_impl->append(exchange, now, bodies);
}
Result<http::ExchangeId> TapeWriter::open(const http::Exchange& exchange, Time now, StreamedBodies bodies) {
  return x_impl->open(exchange, now, bodies);
}
Result<std::uint64_t> TapeWriter::complete(const http::ExchangeId& id, const http::Exchange& exchange, Time now,
                                           StreamedBodies bodies) {
  return x_impl->complete(id, exchange, now, bodies);
}
Result<void> TapeWriter::cut_off(http::Reason reason, Time now) { return x_impl->cut_off(reason, now); }

BlobNumber TapeWriter::begin_body() {
  x_impl->open_blobs.try_emplace(x_impl->next_blob);
  return x_impl->next_blob++;
}
Result<void> TapeWriter::append_body(BlobNumber body, BodyPart part, Time) {
  return x_impl->append_body(body, std::move(part));
}
void TapeWriter::forget_body(BlobNumber body) { x_impl->open_blobs.erase(body); }

Result<void> TapeWriter::note(const Note& note, Time) { return x_impl->note(note); }
Result<void> TapeWriter::tick(Time now, Time watermark) { return x_impl->tick(now, watermark); }
Result<void> TapeWriter::next_segment(std::unique_ptr<ByteSink> sink, Time now) {
  return x_impl->next_segment(std::move(sink), now);
}

Result<TapeTotals> TapeWriter::seal(Time now) {
  if (auto open = x_impl->check_open(); !open) return open.error();
  if (auto cut = x_impl->cut_off(http::Reason::cut_off, now); !cut) return cut.error();
  if (auto sealed = x_impl->seal_segment(); !sealed) return sealed.error();
  x_impl->state = Impl::State::sealed;
  return TapeTotals{x_impl->next_ordinal - x_impl->lost, x_impl->earlier_bytes + x_impl->writer->bytes()};
}

std::uint64_t TapeWriter::Impl::memory() const {
  return builder.memory() + spare_payload.capacity() + encoder.memory() + writer->memory() + values.memory() +
         bodies.memory() + known_parts.memory() + open_rows.size() * sizeof(*open_rows.begin()) +
         open_blobs.size() * sizeof(*open_blobs.begin());
}

std::uint64_t TapeWriter::memory() const { return x_impl->memory(); }
Acknowledged TapeWriter::acknowledged() const { return x_impl->acknowledged; }
const http::RecordingId& TapeWriter::recording() const { return x_impl->recording; }
std::uint32_t TapeWriter::segment() const { return x_impl->segment; }
std::uint64_t TapeWriter::lost() const { return x_impl->lost; }
std::uint64_t TapeWriter::segment_bytes() const { return x_impl->writer->bytes(); }

}  // namespace tapedeck::format
