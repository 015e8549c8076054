#include "capture/segment_store.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tapedeck::capture {

void SegmentStore::compare(Entry& entry, const Piece& piece, Added& added) {
  const StreamPosition from = std::max(entry.position, piece.position);
  const StreamPosition to = std::min(entry.end(), piece.position + piece.bytes.size());
  if (to <= from) return;
  added.duplicate += to - from;
  const StreamPosition shown = std::min(to, entry.position + entry.bytes.size());
  if (shown <= from) return;
  const auto ours = std::string_view(entry.bytes).substr(from - entry.position, shown - from);
  const auto theirs = as_text(piece.bytes).substr(from - piece.position, shown - from);
  if (ours == theirs) return;
  entry.inconsistent = true;
  added.inconsistent = true;
}

SegmentStore::Added SegmentStore::add(const Piece& piece, std::uint64_t cut) {
  Added added;
  if (x_entries.empty() || piece.time < x_oldest) x_oldest = piece.time;
  StreamPosition at = piece.position;
  const StreamPosition shown = piece.position + piece.bytes.size();
  const StreamPosition end = shown + cut;
  auto next =
      std::partition_point(x_entries.begin(), x_entries.end(), [at](const Entry& entry) { return entry.end() <= at; });
  while (at < end) {
    const bool has_next = next != x_entries.end();
    if (has_next && next->position <= at) {
      compare(*next, piece, added);
      at = next->end();
      ++next;
      continue;
    }
    const StreamPosition free_end = has_next ? std::min(end, next->position) : end;
    Entry entry{.position = at,
                .bytes = {},
                .cut = 0,
                .time = piece.time,
                .peer_acked = piece.peer_acked,
                .inconsistent = piece.inconsistent};
    if (at < shown) {
      entry.bytes = as_text(piece.bytes).substr(at - piece.position, std::min(free_end, shown) - at);
    }
    entry.cut = free_end - at - entry.bytes.size();
    added.stored += entry.bytes.size();
    x_bytes += entry.bytes.size();
    next = std::next(x_entries.insert(next, std::move(entry)));
    at = free_end;
  }
  return added;
}

SegmentStore::Entry SegmentStore::pop() {
  Entry entry = std::move(x_entries.front());
  x_entries.pop_front();
  x_bytes -= entry.bytes.size();
  return entry;
}

}  // namespace tapedeck::capture
