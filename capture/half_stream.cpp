#include "capture/half_stream.hpp"

#include <algorithm>
#include <utility>

#include <xxhash.h>

namespace tapedeck::capture {
namespace {

// High enough that a position never falls below 0.
constexpr StreamPosition kBase = StreamPosition{1} << 40;
constexpr std::int64_t kFarthest = std::int64_t{1} << 30;
constexpr StreamPosition kResetWindow = 16 << 20;
constexpr std::size_t kRememberedGaps = 16;

}  // namespace

bool is_over(const Wait& wait, const Tick& now, const Limits& limits) {
  const Duration waited = now.clock - wait.since.clock;
  if (waited >= limits.gap_time_at_most) return true;
  return wait.until == Wait::Until::gap_proven && waited >= limits.gap_time &&
         now.packet >= wait.since.packet + limits.gap_packets;
}

void HalfStream::anchor(StreamPosition at) {
  x_next = at;
  x_anchored = true;
}

std::optional<StreamPosition> HalfStream::position_of(std::uint32_t number) const {
  if (!x_anchored) return std::nullopt;
  const std::int64_t away = static_cast<std::int32_t>(number - static_cast<std::uint32_t>(x_next));
  if (away > kFarthest || away < -kFarthest) return std::nullopt;
  return x_next + static_cast<StreamPosition>(away);
}

bool HalfStream::takes_reset(std::uint32_t sequence) const {
  if (!x_started) return true;
  const auto position = position_of(sequence);
  return position && *position >= x_next && *position - x_next <= kResetWindow;
}

bool HalfStream::takes_syn(std::uint32_t sequence) const {
  if (x_initial) return *x_initial == sequence;
  if (x_started) return false;
  if (!x_anchored) return true;
  // A SYN that comes late begins where the first data are, or a little below.
  const StreamPosition lowest = x_store ? x_store->front().position : x_next;
  const auto position = position_of(sequence + 1);
  return position && *position <= lowest && lowest - *position <= kResetWindow;
}

void HalfStream::start(StreamPosition at, bool syn, const Tick& now) {
  x_next = at;
  x_anchored = true;
  x_started = true;
  x_sink->start(x_direction, at, syn);
  drain(now);
}

void HalfStream::on_syn(std::uint32_t sequence, const Tick& now) {
  if (x_started || x_ended) return;  // a repeated one
  x_initial = sequence;
  const auto known = position_of(sequence + 1);
  start(known.value_or(kBase + (sequence + std::uint32_t{1})), true, now);
}

void HalfStream::segment(const Segment& segment, Time time, StreamPosition peer_acked, const Tick& now) {
  CaptureAccount& account = x_context.account;
  const std::uint64_t cut = segment.payload_length - segment.payload.size();
  account.payload += segment.payload_length;
  account.cut_by_snaplen += cut;
  if (segment.flags.syn) on_syn(segment.sequence, now);

  const std::uint32_t first = segment.sequence + (segment.flags.syn ? 1 : 0);
  const bool has_content = segment.payload_length > 0 || segment.flags.fin;
  if (!has_content) return update_wait(now);
  if (x_ended) return count_after_end(segment, first, time);
  if (!x_anchored) anchor(kBase + first);
  const auto position = position_of(first);
  if (!position) {
    account.refused["out_of_window"] += segment.payload.size();
    return update_wait(now);
  }
  if (segment.flags.fin && !x_fin) x_fin = *position + segment.payload_length;
  if (segment.payload_length > 0) {
    place({.position = *position, .bytes = segment.payload, .time = time, .peer_acked = peer_acked}, cut, now);
  }
  end_if_reached(now);
  update_wait(now);
}

void HalfStream::count_after_end(const Segment& segment, std::uint32_t first, Time time) {
  const auto position = position_of(first);
  const std::size_t size = segment.payload.size();
  const bool known = position && *position <= x_next;
  const std::size_t below = known ? static_cast<std::size_t>(std::min<StreamPosition>(size, x_next - *position)) : 0;
  if (below > 0) count_below({.position = *position, .bytes = segment.payload, .time = time}, *position + below);
  x_context.account.too_late += size - below;
}

void HalfStream::count_below(const Piece& piece, StreamPosition to) {
  std::uint64_t late = 0;
  if (x_gaps) {
    for (const Gap& gap : *x_gaps) {
      const StreamPosition from = std::max(gap.begin, piece.position);
      const StreamPosition until = std::min(gap.end, to);
      if (until > from) late += until - from;
    }
  }
  x_context.account.too_late += late;
  x_context.account.duplicate += to - piece.position - late;
}

void HalfStream::check_repeated(const Piece& piece) {
  if (!x_delivered) return;
  for (const Delivered& delivered : *x_delivered) {
    if (delivered.position != piece.position || delivered.length != piece.bytes.size() || delivered.length < 2)
      continue;
    if (delivered.hash == XXH3_64bits(piece.bytes.data(), piece.bytes.size())) continue;
    ++x_context.account.overlap_inconsistent;
    x_sink->inconsistent(x_direction);
  }
}

/// `cut` bytes behind the piece were on the wire and are not in the capture.
void HalfStream::place(Piece piece, std::uint64_t cut, const Tick& now) {
  if (x_fin && piece.position + piece.bytes.size() + cut > *x_fin) {
    const StreamPosition end = std::max(*x_fin, piece.position);
    const std::size_t kept =
        static_cast<std::size_t>(std::min<StreamPosition>(end - piece.position, piece.bytes.size()));
    x_context.account.refused["behind_fin"] += piece.bytes.size() - kept;
    cut = kept < piece.bytes.size() ? 0 : std::min<std::uint64_t>(cut, end - piece.position - kept);
    piece.bytes = piece.bytes.first(kept);
  }
  while (piece.bytes.size() + cut > 0) {
    const StreamPosition shown = piece.position + piece.bytes.size();
    if (!x_started) return store(piece, cut), keep_store_bounded(now);
    if (piece.position < x_next) {
      const StreamPosition to = std::min(shown, x_next);
      check_repeated(piece);
      count_below(piece, to);
      const std::uint64_t lost_below = std::min<std::uint64_t>(cut, x_next - to);
      cut -= lost_below;
      piece.bytes = piece.bytes.subspan(static_cast<std::size_t>(to - piece.position));
      piece.position = to + lost_below;
      continue;
    }
    if (piece.position > x_next) return store(piece, cut), keep_store_bounded(now);
    const StreamPosition free_end = x_store ? x_store->front().position : shown + cut;
    if (free_end == x_next) {
      drain(now);
      continue;
    }
    Piece part = piece;
    part.bytes = piece.bytes.first(static_cast<std::size_t>(std::min(shown, free_end) - piece.position));
    deliver(part);
    piece.bytes = piece.bytes.subspan(part.bytes.size());
    piece.position += part.bytes.size();
    if (piece.bytes.empty() && cut > 0) {
      const std::uint64_t lost = std::min<std::uint64_t>(cut, free_end - piece.position);
      if (lost > 0) gap(x_next + lost, GapReason::snaplen, now);
      piece.position += lost;
      cut -= lost;
    }
    drain(now);
  }
}

void HalfStream::deliver(const Piece& piece) {
  if (piece.bytes.empty()) return;
  const auto length = static_cast<std::uint32_t>(piece.bytes.size());
  if (!x_delivered) x_delivered = std::make_unique<std::array<Delivered, 4>>();
  (*x_delivered)[x_delivered_count++ % x_delivered->size()] = {piece.position, length,
                                                               XXH3_64bits(piece.bytes.data(), length)};
  x_context.account.delivered += length;
  x_next += length;
  x_sink->bytes(x_direction, piece);
}

void HalfStream::store(const Piece& piece, std::uint64_t cut) {
  if (!x_store) x_store = std::make_unique<SegmentStore>();
  const auto added = x_store->add(piece, cut);
  x_context.stored_bytes += added.stored;
  x_context.account.duplicate += added.duplicate;
  if (added.inconsistent) ++x_context.account.overlap_inconsistent;
}

void HalfStream::keep_store_bounded(const Tick& now) {
  while (x_store &&
         (x_store->bytes() > x_context.limits.store_bytes || x_store->count() > x_context.limits.store_segments)) {
    give_up_hole(now);
  }
}

void HalfStream::give_up_hole(const Tick& now) {
  if (!x_store) return;
  if (!x_started) {
    start(x_store->front().position, false, now);
  } else {
    close_hole(x_store->front().position, now);
  }
  end_if_reached(now);
  update_wait(now);
}

/// Hands up what is stored right at x_next.
void HalfStream::drain(const Tick& now) {
  while (x_store && !x_store->empty() && x_store->front().position <= x_next) {
    const SegmentStore::Entry entry = x_store->pop();
    x_context.stored_bytes -= entry.bytes.size();
    const StreamPosition skip = std::min<StreamPosition>(x_next - entry.position, entry.bytes.size());
    x_context.account.duplicate += skip;
    Piece piece{.position = entry.position + skip,
                .bytes = as_bytes(entry.bytes).subspan(static_cast<std::size_t>(skip)),
                .time = entry.time,
                .peer_acked = entry.peer_acked,
                .inconsistent = entry.inconsistent};
    deliver(piece);
    if (entry.end() > x_next) gap(entry.end(), GapReason::snaplen, now);
  }
  if (x_store && x_store->empty()) x_store.reset();
}

/// Declares what is missing below `to`, then hands up what lies behind.
void HalfStream::close_hole(StreamPosition to, const Tick& now) {
  const StreamPosition proven = std::min(to, x_acked);
  if (proven > x_next) gap(proven, GapReason::wire, now);
  if (to > x_next) gap(to, GapReason::given_up, now);
  drain(now);
}

void HalfStream::gap(StreamPosition to, GapReason reason, const Tick& now) {
  const std::uint64_t length = to - x_next;
  CaptureAccount& account = x_context.account;
  (reason == GapReason::wire       ? account.missing_wire
   : reason == GapReason::given_up ? account.missing_given_up
                                   : account.missing_snaplen) += length;
  if (!x_gaps) x_gaps = std::make_unique<std::vector<Gap>>();
  if (x_gaps->size() == kRememberedGaps) x_gaps->erase(x_gaps->begin());
  x_gaps->push_back({x_next, to});
  const StreamPosition from = std::exchange(x_next, to);
  x_sink->gap(x_direction, from, length, reason, now.clock);
}

void HalfStream::peer_ack(std::uint32_t acknowledgment, const Tick& now) {
  if (x_ended) return;
  if (!x_anchored) anchor(kBase + acknowledgment);
  const auto position = position_of(acknowledgment);
  if (!position) return;
  x_acked = std::max(x_acked, *position);
  update_wait(now);
}

StreamPosition HalfStream::acked_data() const { return x_fin ? std::min(x_acked, *x_fin) : x_acked; }

bool HalfStream::seems_unseen_fin() const { return !x_fin && !x_store && x_acked == x_next + 1; }

void HalfStream::update_wait(const Tick& now) {
  if (x_ended || !x_anchored) return x_wait.reset();
  if (!x_started) {
    // Data of any position, or an ACK that says where they are.
    if (!x_wait) x_wait = Wait{.since = now};
    return;
  }
  if (acked_data() > x_next && !seems_unseen_fin()) {
    const bool armed = x_wait && x_wait->until == Wait::Until::gap_proven && x_wait->position > x_next;
    if (!armed) x_wait = Wait{.since = now, .position = acked_data()};
  } else if (x_store && !x_peer_seen) {
    const bool armed = x_wait && x_wait->until == Wait::Until::longer_time && x_wait->position == x_next;
    if (!armed) x_wait = Wait{.until = Wait::Until::longer_time, .since = now, .position = x_next};
  } else {
    x_wait.reset();
  }
}

void HalfStream::settle(const Tick& now) {
  if (!x_wait || x_ended || !is_over(*x_wait, now, x_context.limits)) return;
  const Wait wait = *std::exchange(x_wait, std::nullopt);
  if (!x_started) {
    start(x_store ? x_store->front().position : x_next, false, now);
  } else if (wait.until == Wait::Until::longer_time) {
    if (x_store && !x_peer_seen) close_hole(x_store->front().position, now);
  } else if (wait.position > x_next && !seems_unseen_fin()) {
    close_hole(x_store ? std::min(wait.position, x_store->front().position) : wait.position, now);
  }
  end_if_reached(now);
  update_wait(now);
}

void HalfStream::finish(EndReason reason, const Tick& now) {
  if (x_ended) return;
  if (!x_started && x_anchored) start(x_store ? x_store->front().position : x_next, false, now);
  while (x_store) close_hole(x_store->front().position, now);
  const bool fin = seems_unseen_fin() || x_fin;
  if (x_fin && *x_fin > x_next) {
    close_hole(*x_fin, now);
  } else if (acked_data() > x_next && !seems_unseen_fin()) {
    close_hole(acked_data(), now);
  }
  end(fin ? EndReason::fin : reason, now.clock);
}

void HalfStream::end_if_reached(const Tick& now) {
  if (x_started && !x_ended && x_fin && x_next >= *x_fin) end(EndReason::fin, now.clock);
}

void HalfStream::end(EndReason reason, Time now) {
  x_ended = true;
  x_wait.reset();
  if (x_store) {  // behind the FIN, and here before it
    x_context.stored_bytes -= x_store->bytes();
    x_context.account.refused["behind_fin"] += x_store->bytes();
  }
  x_store.reset();
  x_delivered.reset();
  x_sink->end(x_direction, reason, now);
}

std::optional<Time> HalfStream::oldest_held() const {
  if (!x_store) return std::nullopt;
  return x_store->oldest();
}

}  // namespace tapedeck::capture
