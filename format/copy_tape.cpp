#include "format/copy_tape.hpp"

#include <algorithm>
#include <map>

#include "base/json_writer.hpp"
#include "format/cursor.hpp"
#include "format/tape_reader_impl.hpp"

namespace tapedeck::format {
namespace {

/// Connection numbers are unique within a recording: those of several are interleaved.
void renumber(http::Exchange& exchange, std::uint64_t recordings, std::uint32_t recording) {
  if (recordings < 2 || !exchange.connection) return;
  auto connection = std::make_shared<http::Connection>(*exchange.connection);
  connection->number = connection->number * recordings + recording;
  exchange.connection = std::move(connection);
}

std::string inherited_json(const DamageReport& damage, const std::map<std::string, LossTotals>& noted) {
  JsonWriter json;
  json.begin_object();
  json.key("source");
  json.raw(damage.to_json());
  json.key("losses");
  json.begin_object();
  for (const auto& [reason, loss] : noted) json.field(reason, loss.exchanges);
  json.end_object();
  json.end_object();
  // A report of very many places does not fit into a note; the counts beside it do.
  return json.text().size() <= kMaxNoteJson ? json.take() : std::string();
}

/// What the source lost, in one note of the copy.
Note inherited_note(const DamageReport& damage, const std::map<std::string, LossTotals>& noted, Time now) {
  Note note;
  note.reason = http::Reason::inherited;
  note.from = note.to = now;
  note.exchanges = damage.lost;
  for (const auto& [reason, loss] : noted) {
    note.exchanges += loss.exchanges;
    note.bytes += loss.bytes;
    note.packets += loss.packets;
  }
  const bool lossless = damage.intact() && note.exchanges == 0 && note.bytes == 0 && note.packets == 0;
  note.level = lossless ? NoteLevel::fact : NoteLevel::loss;
  note.json = inherited_json(damage, noted);
  return note;
}

Result<void> write_first_note(TapeWriter& writer, const CopyOptions& options, Time now) {
  if (options.first_note.empty()) return {};
  Note note;
  note.from = note.to = now;
  note.json = options.first_note;
  return writer.note(note, now);
}

/// Cuts what it is given into parts of the size that a tape holds.
class PartCutter {
 public:
  PartCutter(TapeWriter& writer, BlobNumber body, std::uint64_t length, BodyPart whose, Time now)
      : x_writer(&writer), x_body(body), x_left(length), x_part(std::move(whose)), x_now(now) {}

  Result<void> add(std::string_view piece) {
    while (!piece.empty()) {
      const std::size_t n = std::min<std::size_t>(piece.size(), kInlineBody - x_part.bytes.size());
      x_part.bytes += piece.substr(0, n);
      piece.remove_prefix(n);
      x_left -= n;
      if (x_left > 0 && x_part.bytes.size() < kInlineBody) continue;
      BodyPart full = x_part;
      full.last = x_left == 0;
      x_part.bytes.clear();
      if (auto appended = x_writer->append_body(x_body, std::move(full), x_now); !appended) return appended;
    }
    return {};
  }

 private:
  TapeWriter* x_writer;
  BlobNumber x_body;
  std::uint64_t x_left;
  BodyPart x_part;
  Time x_now;
};

/// One tape onto another.
class Copy {
 public:
  Copy(TapeStore& from, TapeWriter& to, const CopyOptions& options, Time now)
      : x_from(from), x_to(to), x_options(options), x_now(now), x_cursor(from, options.range, Bodies::refer) {}

  Result<CopyResult> run() {
    CopyResult result;
    while (!(result.stopped = x_options.stop.stop_requested())) {
      auto row = x_cursor.next();
      if (!row) return row.error();
      if (!*row) break;
      if (x_options.keep && !x_options.keep((*row)->exchange)) continue;
      if (auto copied = copy(**row); !copied) return copied.error();
      ++result.written;
    }
    return result;
  }

  /// What the walk counted.
  RowCounts counts() const {
    RowCounts counts = x_cursor.counts();
    for (const auto& [kind, n] : x_broken) counts.degraded[kind] += n;
    return counts;
  }

 private:
  Result<void> copy(BuiltExchange& row) {
    http::Exchange& exchange = row.exchange;
    renumber(exchange, x_from.map().recordings.size(), row.recording);
    exchange.flags.clear(http::Flag::late_row);  // the writer says where this one stands
    StreamedBodies bodies;
    for (const http::Side side : http::kSides) {
      const BodyRef& body = row.left[index_of(side)];
      if (!body) continue;
      const auto copied = copy_body(body, exchange, side);
      if (!copied) return copied.error();
      (side == http::Side::request ? bodies.request : bodies.response) = *copied;
    }
    const auto appended = x_to.append(exchange, x_now, bodies);
    return appended ? Result<void>() : appended.error();
  }

  /// Its number there. 0 if it breaks off: its parts were all there a moment ago, but they cannot be decoded.
  Result<BlobNumber> copy_body(const BodyRef& ref, http::Exchange& exchange, http::Side side) {
    http::Body& body = message_of(exchange, side).body;
    body.wire_length = ref.seen;
    const BlobNumber number = x_to.begin_body();
    PartCutter parts(x_to, number, ref.length, part_of(exchange, side), x_now);
    const auto walked = x_from.walk_blob(ref.recording, ref.blob, ref.length, Depth::decoded,
                                         [&parts](std::string_view piece) { return parts.add(piece); });
    if (!walked) return walked.error();
    if (walked->length == ref.length) return number;
    x_to.forget_body(number);
    ++x_broken[side == http::Side::request ? "request_body" : "response_body"];
    body.state = http::BodyState::omitted;
    body.omitted_because = http::OmittedBecause::damaged;
    body.wire_length = ref.seen.value_or(ref.length);
    return BlobNumber{0};
  }

  TapeStore& x_from;
  TapeWriter& x_to;
  const CopyOptions& x_options;
  const Time x_now;
  MergedCursor x_cursor;
  std::map<std::string, std::uint64_t> x_broken;
};

}  // namespace

Result<CopyResult> copy_tape(TapeReader& from, TapeWriter& writer, const CopyOptions& options, Time now) {
  TapeReader::Impl& source = *from.x_impl;
  if (auto noted = write_first_note(writer, options, now); !noted) return noted.error();
  const auto rows = source.rows();
  if (!rows) return rows.error();
  TapeStore& store = **rows;
  Copy copy(store, writer, options, now);
  auto copied = copy.run();
  if (!copied) return copied.error();
  CopyResult result = std::move(*copied);
  const bool everything = !options.range.from && !options.range.to && !result.stopped;
  const auto finish = everything ? finish_report : finish_partial_report;
  if (auto finished = finish(store, copy.counts()); !finished) return finished.error();
  result.damage = store.report();
  const auto noted = source.losses();
  if (!noted) return noted.error();
  if (auto written = writer.note(inherited_note(result.damage, *noted, now), now); !written) return written.error();
  if (auto sealed = writer.seal(now); !sealed) return sealed.error();
  return result;
}

}  // namespace tapedeck::format
