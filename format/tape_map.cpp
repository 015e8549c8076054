#include "format/tape_map.hpp"

#include <algorithm>
#include <tuple>

namespace tapedeck::format {
namespace {

/// First ordinal that this tape should hold of the recording.
std::uint64_t lower_bound_of(const RecordingMap& recording) {
  const SegmentMap& first = recording.segments.front();
  if (first.number == 0) return 0;
  return first.first_ordinal.value_or(first.lowest_seen == UINT64_MAX ? 0 : first.lowest_seen);
}

std::uint64_t upper_bound_of(const RecordingMap& recording) {
  std::uint64_t upper = 0;
  for (const SegmentMap& segment : recording.segments) upper = std::max(upper, segment.next_ordinal);
  return upper;
}

/// All of the recording that began before is accounted for.
std::int64_t covered_until(const RecordingMap& recording, bool sealed) {
  std::int64_t until = INT64_MIN;
  for (const SegmentMap& segment : recording.segments) {
    for (const ChunkEntry& chunk : segment.chunks) {
      until = std::max(until, chunk.facts.watermark);
      if (sealed && chunk.facts.exchanges > 0) until = std::max(until, chunk.facts.t_max);
    }
    for (const SummaryEpoch& epoch : segment.epochs) {
      until = std::max(until, epoch.watermark);
      if (sealed && epoch.exchanges > 0) until = std::max(until, epoch.t_max);
    }
  }
  return until;
}

std::uint64_t completions_lost(const RecordingMap& recording) {
  std::uint64_t upper = 0;
  std::uint64_t seen = 0;
  for (const SegmentMap& segment : recording.segments) {
    upper = std::max(upper, segment.next_completion);
    for (const ChunkEntry& chunk : segment.chunks) seen += chunk.facts.completions();
    if (!segment.epochs.empty()) seen += segment.next_completion - segment.first_completion.value_or(0);
  }
  const SegmentMap& first = recording.segments.front();
  const std::uint64_t lower = first.number == 0 ? 0 : first.first_completion.value_or(upper);
  return upper - lower > seen ? upper - lower - seen : 0;
}

}  // namespace

void add_segment(TapeMap& map, const http::RecordingId& recording, SegmentMap segment) {
  auto found = std::find_if(map.recordings.begin(), map.recordings.end(),
                            [&](const RecordingMap& known) { return known.id == recording; });
  if (found == map.recordings.end()) {
    map.recordings.emplace_back().id = recording;
    found = map.recordings.end() - 1;
  }
  found->segments.push_back(std::move(segment));
}

void settle(TapeMap& map) {
  for (RecordingMap& recording : map.recordings) {
    std::sort(recording.segments.begin(), recording.segments.end(),
              [](const SegmentMap& a, const SegmentMap& b) { return a.number < b.number; });
    for (SegmentMap& segment : recording.segments) {
      std::stable_sort(segment.chunks.begin(), segment.chunks.end(), [](const ChunkEntry& a, const ChunkEntry& b) {
        return std::tie(a.facts.epoch, a.facts.chunk_in_epoch) < std::tie(b.facts.epoch, b.facts.chunk_in_epoch);
      });
      recording.blobs.insert(recording.blobs.end(), segment.blobs.begin(), segment.blobs.end());
      segment.blobs = {};
      for (CompletionPlace& completion : segment.completions) {
        completion.segment = static_cast<std::uint32_t>(&segment - recording.segments.data());
        recording.completions.push_back(completion);
      }
      segment.completions = {};
    }
    sort_completions(recording.completions);
    std::sort(recording.blobs.begin(), recording.blobs.end(), [](const BlobPart& a, const BlobPart& b) {
      return std::tie(a.blob, a.part, a.offset) < std::tie(b.blob, b.part, b.offset);
    });
  }
}

void sort_completions(std::vector<CompletionPlace>& completions) {
  std::sort(completions.begin(), completions.end(), [](const CompletionPlace& a, const CompletionPlace& b) {
    return std::tie(a.ordinal, a.segment, a.epoch, a.chunk_in_epoch, a.row) <
           std::tie(b.ordinal, b.segment, b.epoch, b.chunk_in_epoch, b.row);
  });
}

Expected account(const TapeMap& map, DamageReport& report) {
  Expected expected;
  std::int64_t until = INT64_MAX;
  report.tail_unknown = false;
  report.completions_lost = 0;
  for (const RecordingMap& recording : map.recordings) {
    const std::uint64_t lower = lower_bound_of(recording);
    const std::uint64_t upper = upper_bound_of(recording);
    if (upper > lower) expected.exchanges += upper - lower;
    const bool sealed = recording.segments.back().sealed;
    report.tail_unknown = report.tail_unknown || !sealed;
    report.completions_lost += completions_lost(recording);
    until = std::min(until, covered_until(recording, sealed));
  }
  report.covered_until = time_from_ns(until == INT64_MIN || map.recordings.empty() ? 0 : until);
  return expected;
}

}  // namespace tapedeck::format
