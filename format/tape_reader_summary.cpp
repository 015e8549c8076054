// TapeReader: totals.
#include <algorithm>

#include "format/cursor.hpp"
#include "format/summary_json.hpp"
#include "format/tape_reader_impl.hpp"

namespace tapedeck::format {
namespace {

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

bool is_encrypted(const TapeMap& map) {
  return std::any_of(map.recordings.begin(), map.recordings.end(), [](const RecordingMap& recording) {
    return std::any_of(recording.segments.begin(), recording.segments.end(),
                       [](const SegmentMap& segment) { return segment.encrypted; });
  });
}

void TapeReader::Impl::count_segments(TapeSummary& summary, const DamageReport& report) const {
  summary.bytes = report.bytes;
  summary.encrypted = is_encrypted();
  summary.segments = static_cast<std::uint32_t>(report.segments.size());
  summary.sealed = static_cast<std::uint32_t>(
      std::count_if(report.segments.begin(), report.segments.end(), [](const SegmentState& s) { return s.sealed; }));
}

/// Nothing if the JSON of a segment cannot be used.
Result<std::optional<TapeSummary>> TapeReader::Impl::summary_by_footers() const {
  std::map<SegmentId, const SealedSegment*> by_id;
  for (const SealedSegment& segment : sealed->segments) by_id[segment.id] = &segment;
  TapeSummary summary;
  for (const RecordingMap& recording : outline->map.recordings) {
    for (const SegmentMap& segment : recording.segments) {
      const auto totals = read_totals(*file, *by_id.at({recording.id, segment.number}));
      if (!totals) return totals.error();
      const auto part = *totals ? summary_from_json(**totals) : std::nullopt;
      if (!part) return std::optional<TapeSummary>();
      summary.merge(*part);
    }
  }
  count_segments(summary, outline->report);
  return std::optional(std::move(summary));
}

Result<TapeSummary> TapeReader::Impl::summary_by_rows() {
  std::optional<TapeStore> scanned_store;
  TapeStore* from = nullptr;
  if (sealed) {  // notes are found by a scan only
    auto found = scanned();
    if (!found) return found.error();
    from = &scanned_store.emplace(file, std::move(*found));
  } else {
    const auto all = rows();
    if (!all) return all.error();
    from = *all;
  }
  TapeSummary summary;
  MergedCursor cursor(*from, {}, Bodies::skip);
  for (;;) {
    const auto row = cursor.next();
    if (!row) return row.error();
    if (!*row) break;
    add_exchange(summary, (*row)->exchange, (*row)->exchange.flags, (*row)->kept);
  }
  if (auto finished = finish_report(*from, cursor.counts()); !finished) return finished.error();
  summary.losses = losses_of_notes(from->map());
  summary.recording_note = first_note(from->map());
  count_segments(summary, from->report());
  return summary;
}

Result<std::map<std::string, LossTotals>> TapeReader::Impl::losses() const {
  if (!sealed) return losses_of_notes(rows_at->map);
  const auto summary = summary_by_footers();
  if (!summary) return summary.error();
  return *summary ? (*summary)->losses : std::map<std::string, LossTotals>();
}

Result<TapeSummary> TapeReader::summary() {
  if (x_impl->sealed) {
    auto summary = x_impl->summary_by_footers();
    if (!summary) return summary.error();
    if (*summary) return std::move(**summary);
  }
  return x_impl->summary_by_rows();
}

}  // namespace tapedeck::format
