#include "format/cursor.hpp"

#include <algorithm>

namespace tapedeck::format {

RecordingCursor::RecordingCursor(const TapeMap& map, std::uint32_t recording, const TimeRange& range)
    : x_from(range.from ? to_ns(*range.from) : INT64_MIN),
      x_to(range.to ? to_ns(*range.to) : INT64_MAX),
      x_to_end(!range.to) {
  const auto& segments = map.recordings[recording].segments;
  for (std::uint32_t s = 0; s < segments.size(); ++s) {
    for (std::uint32_t c = 0; c < segments[s].chunks.size(); ++c) {
      const ChunkFacts& facts = segments[s].chunks[c].facts;
      if (facts.exchanges == 0 || facts.t_max < x_from || (!x_to_end && facts.t_min >= x_to)) continue;
      x_chunks.push_back({{recording, s, c}, facts.watermark, facts.t_min, facts.exchanges});
    }
  }
  for (std::size_t i = x_chunks.size(); i-- > 1;) {
    x_chunks[i - 1].earliest = std::min(x_chunks[i - 1].earliest, x_chunks[i].earliest);
  }
}

bool RecordingCursor::in_range(std::int64_t time) const { return time >= x_from && (x_to_end || time < x_to); }

/// No row to come is earlier: the watermark says so, or the chunks to come themselves.
bool RecordingCursor::is_ready() const {
  if (x_heap.empty() || x_next == x_chunks.size()) return !x_heap.empty();
  return x_heap.top().time <= std::max(x_watermark, x_chunks[x_next].earliest);
}

std::optional<std::int64_t> RecordingCursor::next_time() const {
  std::optional<std::int64_t> time;
  if (!x_heap.empty()) time = x_heap.top().time;
  if (x_next < x_chunks.size() && !is_ready()) time = std::min(time.value_or(INT64_MAX), x_chunks[x_next].earliest);
  return time;
}

Result<void> RecordingCursor::read_chunk(TapeStore& store) {
  const std::size_t place = x_next++;
  Chunk& next = x_chunks[place];
  x_watermark = std::max(x_watermark, next.watermark);
  const auto chunk = store.chunk(next.ref);
  if (!chunk) return chunk.error();
  if (!(*chunk)->rows()) {
    x_lost += (*chunk)->facts().exchanges;
    return {};
  }
  const std::vector<RowMeta>& rows = *(*chunk)->rows();
  for (std::uint32_t row = 0; row < rows.size(); ++row) {
    if (has_ordinal(rows[row]) && in_range(rows[row].request_first)) {
      x_heap.push({rows[row].request_first, (*chunk)->ordinal(row), row, place});
      ++next.waiting;
    }
  }
  return {};
}

WaitingRow RecordingCursor::pop() {
  const Row first = x_heap.top();
  x_heap.pop();
  Chunk& chunk = x_chunks[first.chunk];
  return {first.time, chunk.ref, first.row, --chunk.waiting == 0};
}

MergedCursor::MergedCursor(TapeStore& store, const TimeRange& range, Bodies bodies, WaitingLimits limits)
    : x_store(&store), x_bodies(bodies), x_limits(limits) {
  for (std::uint32_t i = 0; i < store.map().recordings.size(); ++i) {
    x_recordings.emplace_back(store.map(), i, range);
  }
}

RecordingCursor* MergedCursor::first_of_all() {
  RecordingCursor* best = nullptr;
  std::int64_t best_time = INT64_MAX;
  for (RecordingCursor& recording : x_recordings) {
    const auto time = recording.next_time();
    if (time && (best == nullptr || *time < best_time)) {
      best = &recording;
      best_time = *time;
    }
  }
  return best;
}

/// Whether its first row comes out though an earlier one may follow: there is no room to wait for that.
bool MergedCursor::must_go(const RecordingCursor& recording) const {
  return recording.waiting() > 0 && x_waiting + recording.next_rows() > x_limits.rows;
}

Result<void> MergedCursor::read_chunk(RecordingCursor& recording) {
  if (x_waiting + recording.next_rows() > x_limits.at_once) {
    return too_many(x_store->name(), "rows that begin at one time", x_limits.at_once);
  }
  const std::uint64_t before = recording.waiting();
  if (auto read = recording.read_chunk(*x_store); !read) return read;
  x_waiting += recording.waiting() - before;
  x_counts.lost += recording.take_lost();
  return {};
}

/// The recording whose next row is the earliest of all, ready to be popped; null at the end. Recordings are opened only
/// when their time has come.
Result<RecordingCursor*> MergedCursor::earliest() {
  for (;;) {
    RecordingCursor* const best = first_of_all();
    if (best == nullptr || best->is_ready() || must_go(*best)) return best;
    if (auto read = read_chunk(*best); !read) return read.error();
  }
}

Result<std::optional<BuiltExchange>> MergedCursor::next() {
  for (;;) {
    const auto recording = earliest();
    if (!recording) return recording.error();
    if (*recording == nullptr) return std::optional<BuiltExchange>();
    const WaitingRow waiting = (*recording)->pop();
    --x_waiting;
    const auto chunk = x_store->chunk(waiting.chunk);
    if (!chunk) return chunk.error();
    if (!(*chunk)->rows()) continue;  // it was good before: the source changes under us
    auto built = build_exchange(*x_store, *chunk, waiting.row, x_bodies);
    if (!built) return built.error();
    if (waiting.last) x_store->let_go(waiting.chunk);
    if (built->lost) {
      ++x_counts.lost;
      continue;
    }
    if (waiting.time < x_latest) built->exchange.flags.set(http::Flag::late_row);
    x_latest = std::max(x_latest, waiting.time);
    ++x_counts.kept;
    built->degraded.count(x_counts.degraded);
    if (built->completion_lost) ++x_counts.completions_lost;
    return std::optional(std::move(*built));
  }
}

Result<void> finish_report(TapeStore& store, const RowCounts& counts) {
  DamageReport& report = store.report();
  const Expected expected = account(store.map(), report);
  report.completions_lost += counts.completions_lost;
  for (std::uint32_t i = 0; i < store.map().recordings.size() && !store.map().from_footers; ++i) {
    std::uint64_t rows = 0;
    for (const SegmentMap& segment : store.map().recordings[i].segments) {
      for (const ChunkEntry& chunk : segment.chunks) rows += chunk.facts.completions();
    }
    const auto readable = rows == 0 ? Result<std::uint64_t>(0) : store.readable_completions(i);
    if (!readable) return readable.error();
    report.completions_lost += rows - *readable;
  }
  if (auto counted = store.count_unnamed_bytes(); !counted) return counted;
  report.kept = counts.kept;
  report.degraded = counts.degraded;
  report.lost = expected.exchanges > counts.kept ? expected.exchanges - counts.kept : 0;
  return {};
}

Result<void> finish_partial_report(TapeStore& store, const RowCounts& counts) {
  if (auto finished = finish_report(store, counts); !finished) return finished;
  std::uint64_t there = 0;
  for (const RecordingMap& recording : store.map().recordings) {
    for (const SegmentMap& segment : recording.segments) {
      for (const ChunkEntry& chunk : segment.chunks) there += chunk.facts.exchanges;
    }
  }
  DamageReport& report = store.report();
  report.incomplete_bytes = 0;                               // the rows of the other times speak of bodies, too
  const std::uint64_t expected = report.kept + report.lost;  // or kept, if that is more
  report.lost = counts.lost + (expected > there ? expected - there : 0);
  return {};
}

}  // namespace tapedeck::format
