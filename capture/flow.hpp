#pragma once
#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "capture/decode.hpp"
#include "capture/half_stream.hpp"
#include "capture/http_pairing.hpp"
#include "capture/stream.hpp"

namespace tapedeck::capture {

/// The two ends of a connection, the lesser first.
struct FlowKey {
  http::SocketAddress low;
  http::SocketAddress high;
  bool operator==(const FlowKey&) const = default;
};
struct FlowKeyHash {
  std::size_t operator()(const FlowKey& key) const;
};
FlowKey key_of(const Segment& segment);
Direction direction_of(const Segment& segment);

/// One TCP connection: two half streams and what is read from them. The reading begins with the first data, so that a
/// connection that only tries costs little.
class Flow final : private StreamSink {
 public:
  Flow(std::uint64_t id, const FlowKey& key, StreamContext streams, PairingContext& pairing);
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  std::uint64_t id() const { return x_id; }
  const FlowKey& key() const { return x_key; }
  HalfStream& half(Direction direction) { return x_halves[index(direction)]; }

  /// Whether the segment can be one of this connection; a SYN of another one cannot.
  bool takes(const Segment& segment, Direction direction) const;
  /// How far the segment is from what its direction expects: the nearer of two flows of one key is meant.
  std::uint64_t distance(const Segment& segment, Direction direction) const;
  void take(const Segment& segment, Direction direction, Time time, const Tick& now);
  /// A wait of this direction is over.
  void settle(Direction direction, const Tick& now);
  /// The wait behind a RST is over.
  void settle_reset(const Tick& now) { finish(EndReason::reset, now); }
  void finish(EndReason reason, const Tick& now);

  bool ended() const { return x_halves[0].ended() && x_halves[1].ended(); }
  bool has_data() const { return x_has_data; }
  /// Since when a RST waits for what was sent before it.
  const std::optional<Tick>& reset_since() const { return x_reset_since; }
  std::optional<Time> oldest_held() const;

  // Kept by FlowTable.
  Time last_seen{};
  std::optional<Time> registered_hold;
  std::array<std::uint64_t, 2> queued_gap_wait{};  // the packet since which a queued wait counts
  std::array<std::uint64_t, 2> queued_longer_wait{};
  bool queued_reset = false;
  std::list<Flow*>::iterator place;
  std::list<Flow*>* where = nullptr;
  std::unique_ptr<Flow> previous;  // the connection of the same key before this one, for its late segments

 private:
  struct Started {
    StreamPosition position = 0;
    bool started = false;
    bool syn = false;
    bool seen = false;
    bool ended = false;
    EndReason end_reason = EndReason::fin;
  };

  void start(Direction direction, StreamPosition position, bool syn) override;
  void bytes(Direction direction, const Piece& piece) override;
  void gap(Direction direction, StreamPosition position, std::uint64_t length, GapReason reason, Time now) override;
  void end(Direction direction, EndReason reason, Time now) override;
  void inconsistent(Direction direction) override;
  HttpPairing& pairing();

  std::uint64_t x_id;
  FlowKey x_key;
  PairingContext* x_context;
  bool x_has_data = false;
  std::optional<Time> x_opened;
  std::optional<Tick> x_reset_since;
  Direction x_reset_by = Direction::forward;
  std::array<Started, 2> x_started;
  std::unique_ptr<HttpPairing> x_pairing;
  std::array<HalfStream, 2> x_halves;
};

}  // namespace tapedeck::capture
