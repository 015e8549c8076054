#include "format/tape_reader.hpp"

#include <algorithm>
#include <charconv>

#include "format/cursor.hpp"
#include "format/footers.hpp"
#include "format/format_error.hpp"
#include "format/tape_reader_impl.hpp"

namespace tapedeck::format {

/// What a person calls an exchange: `3f9c0a1b-1742`, or `1742`.
struct WantedId {
  std::string prefix;  // empty: any recording
  std::uint64_t ordinal = 0;
};

namespace {

bool is_everything(const TimeRange& range) { return !range.from && !range.to; }

std::optional<WantedId> parse_id(std::string_view text) {
  WantedId wanted;
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    wanted.prefix = text.substr(0, dash);
    text.remove_prefix(dash + 1);
    if (wanted.prefix.empty()) return std::nullopt;
  }
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), wanted.ordinal);
  if (failed != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return wanted;
}

bool matches(const WantedId& wanted, const http::ExchangeId& id) {
  if (id.ordinal != wanted.ordinal) return false;
  return wanted.prefix.empty() || http::to_string(id) == wanted.prefix + "-" + std::to_string(wanted.ordinal);
}

/// Losses that notes tell of. Totals cover notes that were lost; what a recording lost before the part of it that is on
/// this tape is left out.
std::map<std::string, LossTotals> noted_losses(const RecordingMap& recording) {
  std::map<std::string, LossTotals> losses;
  std::map<std::uint16_t, NoteBody> first;
  for (const SegmentMap& segment : recording.segments) {
    for (const NotePlace& note : segment.notes) {
      if (note.body.level != static_cast<std::uint16_t>(NoteLevel::loss)) continue;
      const NoteBody& start = first.try_emplace(note.body.reason, note.body).first->second;
      const bool from_start = recording.segments.front().number == 0;
      const auto since = [&](std::uint64_t NoteCounts::*field) {
        const std::uint64_t before = from_start ? 0 : start.total.*field - start.since_last.*field;
        return note.body.total.*field - before;
      };
      const auto reason = static_cast<http::Reason>(note.body.reason);
      losses[std::string(http::name_of(reason))] = {since(&NoteCounts::exchanges), since(&NoteCounts::bytes),
                                                    since(&NoteCounts::packets)};
    }
  }
  return losses;
}

std::map<std::string, LossTotals> losses_of_notes(const TapeMap& map) {
  TapeSummary sum;
  for (const RecordingMap& recording : map.recordings) {
    TapeSummary noted;
    noted.losses = noted_losses(recording);
    sum.merge(noted);
  }
  return sum.losses;
}

bool is_encrypted(const TapeMap& map) {
  return std::any_of(map.recordings.begin(), map.recordings.end(), [](const RecordingMap& recording) {
    return std::any_of(recording.segments.begin(), recording.segments.end(),
                       [](const SegmentMap& segment) { return segment.encrypted; });
  });
}

std::string first_note(const TapeMap& map) {
  for (const RecordingMap& recording : map.recordings) {
    for (const SegmentMap& segment : recording.segments) {
      for (const NotePlace& note : segment.notes) {
        if (note.body.reason == 0) return note.json;
      }
    }
  }
  return {};
}

}  // namespace

struct Cursor::Impl {
  TapeStore* store;
  TimeRange range;
  MergedCursor rows;
  bool at_end = false;
};

Cursor::Cursor(std::unique_ptr<Impl> impl) : x_impl(std::move(impl)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

Result<std::optional<http::Exchange>> Cursor::next() {
  auto stored = next_stored();
  if (!stored) return stored.error();
  return *stored ? std::optional(std::move((*stored)->exchange)) : std::nullopt;
}

Result<std::optional<StoredExchange>> Cursor::next_stored() {
  if (x_impl->at_end) return std::optional<StoredExchange>();
  auto row = x_impl->rows.next();
  if (!row) return row.error();
  if (*row) return std::optional(StoredExchange{std::move((*row)->exchange), (*row)->left});
  x_impl->at_end = true;
  if (is_everything(x_impl->range)) {
    if (auto finished = finish_report(*x_impl->store, x_impl->rows.counts()); !finished) return finished.error();
  }
  return std::optional<StoredExchange>();
}

TapeReader::TapeReader(std::unique_ptr<Impl> impl) : x_impl(std::move(impl)) {}
TapeReader::TapeReader(TapeReader&&) noexcept = default;
TapeReader& TapeReader::operator=(TapeReader&&) noexcept = default;
TapeReader::~TapeReader() = default;

namespace {

Result<ScanResult> open_map(const TapeFile& file) {
  auto by_footers = open_by_footers(file);
  if (!by_footers) return by_footers.error();
  auto scanned = *by_footers ? Result<ScanResult>(std::move(**by_footers)) : scan_tape(file);
  if (scanned) account(scanned->map, scanned->report);
  return scanned;
}

std::shared_ptr<const TapeFile> tape_file(std::unique_ptr<ByteSource> source, std::string name,
                                          const ReadOptions& options) {
  return std::make_shared<TapeFile>(std::move(source), std::move(name), options.key, options.missing_key,
                                    options.bodies);
}

}  // namespace

Result<TapeReader> TapeReader::open_file(std::shared_ptr<const TapeFile> file) {
  auto map = open_map(*file);
  if (!map) return map.error();
  return TapeReader(std::make_unique<Impl>(std::move(file), std::move(*map)));
}

Result<TapeReader> TapeReader::open(std::unique_ptr<ByteSource> source, const ReadOptions& options) {
  return open_file(tape_file(std::move(source), "tape", options));
}

Result<TapeReader> TapeReader::open(const std::filesystem::path& path, const ReadOptions& options) {
  auto source = open_source(path);
  if (!source) return source.error();
  return open_file(tape_file(std::move(*source), path == "-" ? "standard input" : path.string(), options));
}

Result<TapeReader> TapeReader::again() const { return open_file(x_impl->file); }

void TapeReader::Impl::count_segments(TapeSummary& summary) const {
  const DamageReport& report = store->report();
  summary.bytes = report.bytes;
  summary.encrypted = is_encrypted(store->map());
  summary.segments = static_cast<std::uint32_t>(report.segments.size());
  summary.sealed = static_cast<std::uint32_t>(
      std::count_if(report.segments.begin(), report.segments.end(), [](const SegmentState& s) { return s.sealed; }));
}

Result<std::optional<TapeSummary>> TapeReader::Impl::summary_by_footers() {
  TapeSummary summary;
  for (const RecordingMap& recording : store->map().recordings) {
    for (const SegmentMap& segment : recording.segments) {
      const auto record = read_record(*file, segment.summary_offset);
      if (!record) return record.error();
      const auto body = *record ? decode_summary((*record)->body) : std::nullopt;
      const auto content = body ? record_content(**record) : std::nullopt;
      if (!content || content->size() < body->epochs * kSummaryEpoch) return std::optional<TapeSummary>();
      const auto part = summary_from_json(std::string_view(*content).substr(body->epochs * kSummaryEpoch));
      if (!part) return std::optional<TapeSummary>();
      summary.merge(*part);
    }
  }
  count_segments(summary);
  return std::optional(std::move(summary));
}

Result<TapeSummary> TapeReader::Impl::summary_by_rows() {
  TapeSummary summary;
  std::optional<TapeStore> scanned_store;
  TapeStore* rows = store.get();
  if (store->map().from_footers) {  // notes are found by a scan only
    auto scanned = scan_tape(*file);
    if (!scanned) return scanned.error();
    rows = &scanned_store.emplace(file, std::move(*scanned));
  }
  MergedCursor cursor(*rows, {}, Bodies::skip);
  for (;;) {
    const auto row = cursor.next();
    if (!row) return row.error();
    if (!*row) break;
    add_exchange(summary, (*row)->exchange, (*row)->exchange.flags, (*row)->kept);
  }
  if (auto finished = finish_report(*rows, cursor.counts()); !finished) return finished.error();
  summary.losses = losses_of_notes(rows->map());
  summary.recording_note = first_note(rows->map());
  count_segments(summary);
  return summary;
}

Result<std::map<std::string, LossTotals>> TapeReader::Impl::losses() {
  if (!store->map().from_footers) return losses_of_notes(store->map());
  auto summary = summary_by_footers();
  if (!summary) return summary.error();
  return *summary ? (*summary)->losses : std::map<std::string, LossTotals>();
}

Result<TapeSummary> TapeReader::summary() {
  if (x_impl->store->map().from_footers) {
    auto summary = x_impl->summary_by_footers();
    if (!summary) return summary.error();
    if (*summary) return std::move(**summary);
  }
  return x_impl->summary_by_rows();
}

/// By what is in clear: how many rows each chunk holds. Of a damaged one all count as lost.
DamageReport TapeReader::Impl::verify_stored(TapeStore& scanned) {
  DamageReport& report = scanned.report();
  const Expected expected = account(scanned.map(), report);
  for (const RecordingMap& recording : scanned.map().recordings) {
    for (const SegmentMap& segment : recording.segments) {
      for (const ChunkEntry& chunk : segment.chunks) {
        if (chunk.damaged) {
          report.completions_lost += chunk.facts.completions();
        } else {
          report.kept += chunk.facts.exchanges;
        }
      }
    }
  }
  report.lost = expected.exchanges > report.kept ? expected.exchanges - report.kept : 0;
  report.checked = Checked::stored;
  verified = report;
  return report;
}

bool TapeReader::Impl::can_read(const TapeMap& map) const { return file->keys.has_key() || !is_encrypted(map); }

Result<DamageReport> TapeReader::verify() {
  auto scanned = scan_tape(*x_impl->file);
  if (!scanned) return scanned.error();
  TapeStore store(x_impl->file, std::move(*scanned));
  if (!x_impl->can_read(store.map())) return x_impl->verify_stored(store);
  MergedCursor cursor(store, {}, Bodies::check);
  for (;;) {
    const auto row = cursor.next();
    if (!row) return row.error();
    if (!*row) break;
  }
  if (auto finished = finish_report(store, cursor.counts()); !finished) return finished.error();
  x_impl->verified = store.report();
  return store.report();
}

const DamageReport& TapeReader::damage() const {
  return x_impl->verified ? *x_impl->verified : x_impl->store->report();
}

Cursor TapeReader::in_time_order(TimeRange range, Bodies bodies) {
  TapeStore& store = *x_impl->store;
  return Cursor(std::unique_ptr<Cursor::Impl>(new Cursor::Impl{&store, range, MergedCursor(store, range, bodies)}));
}

Result<std::optional<StoredExchange>> TapeReader::Impl::find_in(ChunkRef ref, const WantedId& wanted, Bodies bodies) {
  const auto chunk = store->chunk(ref);
  if (!chunk) return chunk.error();
  if (!(*chunk)->rows()) return std::optional<StoredExchange>();
  for (std::uint32_t row = 0; row < (*chunk)->rows()->size(); ++row) {
    const auto id = (*chunk)->id(row);
    if (!has_ordinal((*(*chunk)->rows())[row]) || !id || !matches(wanted, *id)) continue;
    auto built = build_exchange(*store, *chunk, row, bodies);
    if (!built) return built.error();
    if (!built->lost) return std::optional(StoredExchange{std::move(built->exchange), built->left});
  }
  return std::optional<StoredExchange>();
}

/// The chunk whose own ordinals say so first; then all, for rows that came from elsewhere keep their first ids.
Result<StoredExchange> TapeReader::Impl::find(std::string_view id, Bodies bodies) {
  const auto wanted = parse_id(id);
  if (!wanted) {
    return make_error(
        errc::not_found,
        "\"" + std::string(id) + "\" is no exchange's id: give one as `tapedeck list` prints it, like 3f9c0a1b-1742");
  }
  std::vector<ChunkRef> likely;
  std::vector<ChunkRef> others;
  const TapeMap& map = store->map();
  for (std::uint32_t r = 0; r < map.recordings.size(); ++r) {
    const bool may_be = matches(*wanted, {map.recordings[r].id, wanted->ordinal});
    for (std::uint32_t s = 0; s < map.recordings[r].segments.size(); ++s) {
      const auto& chunks = map.recordings[r].segments[s].chunks;
      for (std::uint32_t c = 0; c < chunks.size(); ++c) {
        const std::uint64_t first = chunks[c].facts.next_ordinal;
        const bool here = may_be && wanted->ordinal >= first && wanted->ordinal - first < chunks[c].facts.exchanges;
        (here ? likely : others).push_back({r, s, c});
      }
    }
  }
  std::optional<StoredExchange> found;
  for (const auto* list : {&likely, &others}) {
    for (const ChunkRef ref : *list) {
      auto here = find_in(ref, *wanted, bodies);
      if (!here) return here.error();
      if (!*here) continue;
      if (!wanted->prefix.empty()) return std::move(**here);
      if (found && found->exchange.id != (*here)->exchange.id) {
        return make_error(errc::not_found, file->name + ": holds several recordings, and " + std::string(id) +
                                               " is in more than one: give the whole id, like " +
                                               http::to_string(found->exchange.id));
      }
      found = std::move(**here);
    }
    if (found && map.recordings.size() == 1) break;
  }
  if (found) return std::move(*found);
  return make_error(errc::not_found,
                    file->name + ": holds no exchange " + std::string(id) + ": `tapedeck list` shows those it holds");
}

Result<http::Exchange> TapeReader::find(std::string_view id) {
  auto found = x_impl->find(id, Bodies::load);
  if (!found) return found.error();
  return std::move(found->exchange);
}

Result<StoredExchange> TapeReader::find_stored(std::string_view id) { return x_impl->find(id, Bodies::refer); }

Result<void> TapeReader::read_body(const BodyRef& body, const BodyVisitor& visit) {
  const auto walked = x_impl->store->walk_blob(body.recording, body.blob, body.length, Depth::decoded, visit);
  if (!walked) return walked.error();
  if (walked->length == body.length) return {};
  return make_error(errc::damaged, x_impl->file->name + ": a body of " + std::to_string(body.length) +
                                       " bytes breaks off after " + std::to_string(walked->length) +
                                       ": `tapedeck verify` shows what else is damaged");
}

}  // namespace tapedeck::format
