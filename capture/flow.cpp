#include "capture/flow.hpp"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

namespace tapedeck::capture {

std::size_t FlowKeyHash::operator()(const FlowKey& key) const {
  std::array<std::byte, 36> bytes{};
  std::memcpy(bytes.data(), key.low.bytes.data(), 16);
  std::memcpy(bytes.data() + 16, key.high.bytes.data(), 16);
  std::memcpy(bytes.data() + 32, &key.low.port, 2);
  std::memcpy(bytes.data() + 34, &key.high.port, 2);
  return XXH3_64bits(bytes.data(), bytes.size());
}

FlowKey key_of(const Segment& segment) {
  return segment.destination < segment.source ? FlowKey{segment.destination, segment.source}
                                              : FlowKey{segment.source, segment.destination};
}

Direction direction_of(const Segment& segment) {
  return segment.destination < segment.source ? Direction::backward : Direction::forward;
}

Flow::Flow(std::uint64_t id, const FlowKey& key, StreamContext streams, PairingContext& pairing)
    : x_id(id),
      x_key(key),
      x_context(&pairing),
      x_halves{HalfStream(Direction::forward, streams, *this), HalfStream(Direction::backward, streams, *this)} {}

HttpPairing& Flow::pairing() {
  if (x_pairing) return *x_pairing;
  x_pairing = std::make_unique<HttpPairing>(
      *x_context, HttpPairing::Ends{.forward = x_key.low, .backward = x_key.high, .opened = x_opened});
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    const Started& known = x_started[index(direction)];
    if (known.seen) x_pairing->note_seen(direction);
    if (known.started) x_pairing->start(direction, known.position, known.syn);
    if (known.ended) x_pairing->end(direction, known.end_reason, x_opened.value_or(Time{}));
  }
  return *x_pairing;
}

void Flow::start(Direction direction, StreamPosition position, bool syn) {
  Started& known = x_started[index(direction)];
  known.started = true;
  known.position = position;
  known.syn = syn;
  if (x_pairing) x_pairing->start(direction, position, syn);
}

void Flow::bytes(Direction direction, const Piece& piece) { pairing().bytes(direction, piece); }

void Flow::gap(Direction direction, StreamPosition position, std::uint64_t length, GapReason reason, Time now) {
  pairing().gap(direction, position, length, reason, now);
}

void Flow::end(Direction direction, EndReason reason, Time now) {
  Started& known = x_started[index(direction)];
  known.ended = true;
  known.end_reason = reason;
  if (x_pairing) x_pairing->end(direction, reason, now);
}

void Flow::inconsistent(Direction direction) {
  if (x_pairing) x_pairing->inconsistent(direction);
}

bool Flow::takes(const Segment& segment, Direction direction) const {
  return !segment.flags.syn || x_halves[index(direction)].takes_syn(segment.sequence);
}

std::uint64_t Flow::distance(const Segment& segment, Direction direction) const {
  const HalfStream& half = x_halves[index(direction)];
  const auto position = half.position_of(segment.sequence);
  if (!position) return UINT64_MAX;
  return *position > half.next() ? *position - half.next() : half.next() - *position;
}

void Flow::take(const Segment& segment, Direction direction, Time time, const Tick& now) {
  HalfStream& own = half(direction);
  HalfStream& peer = half(other(direction));
  Started& known = x_started[index(direction)];
  if (!known.seen && x_pairing) x_pairing->note_seen(direction);
  known.seen = true;
  peer.note_peer();
  x_has_data = x_has_data || segment.payload_length > 0;
  if (segment.flags.syn && !segment.flags.ack && !x_opened) {
    x_opened = time;
    if (x_pairing) x_pairing->set_opened(time);
  }

  StreamPosition acked = 0;
  if (segment.flags.ack) {
    peer.peer_ack(segment.acknowledgment, now);
    acked = peer.position_of(segment.acknowledgment).value_or(0);
  }
  own.segment(segment, time, acked, now);
  if (segment.flags.rst && !x_reset_since && !ended() && own.takes_reset(segment.sequence)) {
    x_reset_since = now;
    x_reset_by = direction;
  }
}

void Flow::settle(Direction direction, const Tick& now) { half(direction).settle(now); }

void Flow::finish(EndReason reason, const Tick& now) {
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    EndReason why = reason;
    if (x_reset_since) why = direction == x_reset_by ? EndReason::reset : EndReason::peer_reset;
    half(direction).finish(why, now);
  }
  x_pairing.reset();
}

std::optional<Time> Flow::oldest_held() const {
  std::optional<Time> oldest;
  if (x_pairing) oldest = x_pairing->oldest_held();
  for (const HalfStream& half : x_halves) {
    if (const auto held = half.oldest_held()) oldest = oldest ? std::min(*oldest, *held) : *held;
  }
  return oldest;
}

}  // namespace tapedeck::capture
