#include "format/copy_tape.hpp"

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

}  // namespace

Result<CopyResult> copy_tape(TapeReader& from, TapeWriter& writer, const CopyOptions& options, Time now) {
  TapeReader::Impl& source = *from.x_impl;
  const std::uint64_t recordings = source.store->map().recordings.size();
  MergedCursor cursor(*source.store, options.range, Bodies::load);
  if (auto noted = write_first_note(writer, options, now); !noted) return noted.error();
  CopyResult result;
  while (!(result.stopped = options.stop.stop_requested())) {
    auto row = cursor.next();
    if (!row) return row.error();
    if (!*row) break;
    http::Exchange& exchange = (*row)->exchange;
    if (options.keep && !options.keep(exchange)) continue;
    renumber(exchange, recordings, (*row)->recording);
    exchange.flags.clear(http::Flag::late_row);  // the writer says where this one stands
    if (auto appended = writer.append(exchange, now); !appended) return appended.error();
    ++result.written;
  }
  const bool everything = !options.range.from && !options.range.to && !result.stopped;
  const auto finish = everything ? finish_report : finish_partial_report;
  if (auto finished = finish(*source.store, cursor.counts()); !finished) return finished.error();
  result.damage = source.store->report();
  const auto noted = source.losses();
  if (!noted) return noted.error();
  if (auto written = writer.note(inherited_note(result.damage, *noted, now), now); !written) return written.error();
  if (auto sealed = writer.seal(now); !sealed) return sealed.error();
  return result;
}

}  // namespace tapedeck::format
