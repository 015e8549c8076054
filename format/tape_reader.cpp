#include "format/tape_reader.hpp"

#include <algorithm>

#include "format/cursor.hpp"
#include "format/indexes.hpp"
#include "format/tape_reader_impl.hpp"

namespace tapedeck::format {
namespace {

bool is_everything(const TimeRange& range) { return !range.from && !range.to; }

/// Whether each recording is there from its start to its seal, and every hash of it holds: then its rows can be
/// rebuilt, for references lead to what was written before. Of an encrypted tape only the key can tell.
bool is_as_written(const TapeStore& scanned) {
  const DamageReport& report = scanned.report();
  if (is_encrypted(scanned.map()) || !report.sealed() || !report.damaged.empty() || report.missing > 0) return false;
  const auto& recordings = scanned.map().recordings;
  return std::all_of(recordings.begin(), recordings.end(), [](const RecordingMap& recording) {
    for (std::size_t i = 0; i < recording.segments.size(); ++i) {
      if (recording.segments[i].number != i) return false;
    }
    return true;
  });
}

}  // namespace

struct Cursor::Impl {
  Impl(TapeReader::Impl& of, const TimeRange& wanted, Bodies with) : reader(&of), range(wanted), bodies(with) {}

  TapeReader::Impl* reader;
  TimeRange range;
  Bodies bodies;
  TapeStore* store = nullptr;
  std::optional<MergedCursor> rows;  // once the first is asked for
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
  if (!x_impl->rows) {
    const auto store = x_impl->reader->rows();
    if (!store) return store.error();
    x_impl->store = *store;
    x_impl->rows.emplace(**store, x_impl->range, x_impl->bodies);
  }
  auto row = x_impl->rows->next();
  if (!row) return row.error();
  if (*row) return std::optional(StoredExchange{std::move((*row)->exchange), (*row)->left});
  x_impl->at_end = true;
  if (is_everything(x_impl->range)) {
    if (auto finished = finish_report(*x_impl->store, x_impl->rows->counts()); !finished) return finished.error();
  }
  return std::optional<StoredExchange>();
}

TapeReader::TapeReader(std::unique_ptr<Impl> impl) : x_impl(std::move(impl)) {}
TapeReader::TapeReader(TapeReader&&) noexcept = default;
TapeReader& TapeReader::operator=(TapeReader&&) noexcept = default;
TapeReader::~TapeReader() = default;

namespace {

std::shared_ptr<const ScanResult> accounted(ScanResult result) {
  account(result.map, result.report);
  return std::make_shared<const ScanResult>(std::move(result));
}

std::shared_ptr<const TapeFile> tape_file(std::unique_ptr<ByteSource> source, std::string name,
                                          const ReadOptions& options) {
  return std::make_shared<TapeFile>(std::move(source), std::move(name), options.key, options.missing_key,
                                    options.bodies);
}

}  // namespace

bool TapeReader::Impl::is_encrypted() const { return format::is_encrypted(known().map); }

Result<void> TapeReader::Impl::scan() {
  auto scanned = scan_tape(*file);
  if (!scanned) return scanned.error();
  rows_at = accounted(std::move(*scanned));
  sealed = nullptr;
  return {};
}

/// An index that is not as it should be is met here, not when the tape is opened.
Result<TapeStore*> TapeReader::Impl::rows() {
  if (!rows_at) {
    auto indexed = read_indexes(*file, *sealed);
    if (!indexed) return indexed.error();
    if (*indexed) {
      rows_at = accounted(std::move(**indexed));
    } else if (auto scanned = scan(); !scanned) {
      return scanned.error();
    }
  }
  if (!store) store = std::make_unique<TapeStore>(file, rows_at);
  return store.get();
}

Result<TapeReader> TapeReader::open_file(std::shared_ptr<const TapeFile> file) {
  auto reader = std::make_unique<Impl>(std::move(file));
  auto sealed = open_by_footers(*reader->file);
  if (!sealed) return sealed.error();
  if (*sealed) {
    reader->sealed = std::make_shared<const SealedTape>(std::move(**sealed));
    reader->outline = accounted(reader->sealed->outline());
  } else if (auto scanned = reader->scan(); !scanned) {
    return scanned.error();
  }
  return TapeReader(std::move(reader));
}

Result<TapeReader> TapeReader::open(std::unique_ptr<ByteSource> source, const ReadOptions& options) {
  return open_file(tape_file(std::move(source), "tape", options));
}

Result<TapeReader> TapeReader::open(const std::filesystem::path& path, const ReadOptions& options) {
  auto source = open_source(path);
  if (!source) return source.error();
  return open_file(tape_file(std::move(*source), path == "-" ? "standard input" : path.string(), options));
}

TapeReader TapeReader::again() const {
  auto reader = std::make_unique<Impl>(x_impl->file);
  reader->sealed = x_impl->sealed;
  reader->outline = x_impl->outline;
  reader->rows_at = x_impl->rows_at;
  return TapeReader(std::move(reader));
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

/// What a scan found; the one that opened the tape will do.
Result<std::shared_ptr<const ScanResult>> TapeReader::Impl::scanned() const {
  if (rows_at && !rows_at->map.from_footers) return rows_at;
  auto found = scan_tape(*file);
  if (!found) return found.error();
  return std::make_shared<const ScanResult>(std::move(*found));
}

Result<DamageReport> TapeReader::verify(Check check) {
  auto scanned = x_impl->scanned();
  if (!scanned) return scanned.error();
  TapeStore store(x_impl->file, std::move(*scanned));
  const bool can_read = x_impl->file->keys.has_key() || !format::is_encrypted(store.map());
  if (!can_read) return x_impl->verify_stored(store);
  if (check == Check::stored_first && is_as_written(store)) {
    if (auto named = store.name_blobs(); !named) return named.error();
    if (auto counted = store.count_unnamed_bytes(); !counted) return counted.error();
    return x_impl->verify_stored(store);
  }
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
  if (x_impl->verified) return *x_impl->verified;
  if (x_impl->store) return x_impl->store->report();
  return x_impl->known().report;
}

Time TapeReader::start() const {
  std::int64_t start = INT64_MAX;
  for (const RecordingMap& recording : x_impl->known().map.recordings) {
    for (const SegmentMap& segment : recording.segments) {
      for (const SummaryEpoch& epoch : segment.epochs) start = std::min(start, epoch.t_min);
      for (const ChunkEntry& chunk : segment.chunks) start = std::min(start, chunk.facts.t_min);
    }
  }
  return time_from_ns(start == INT64_MAX ? 0 : start);
}

Cursor TapeReader::in_time_order(TimeRange range, Bodies bodies) {
  return Cursor(std::unique_ptr<Cursor::Impl>(new Cursor::Impl(*x_impl, range, bodies)));
}

}  // namespace tapedeck::format
