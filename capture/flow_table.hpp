#pragma once
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "capture/flow.hpp"

namespace tapedeck::capture {

/// All connections of a capture: finds the one of a segment, ends their waits, keeps their number and memory bounded.
/// What it does depends on the packets alone, in their order.
class FlowTable {
 public:
  FlowTable(PairingContext& pairing, const Limits& limits)
      : x_pairing(&pairing), x_limits(&limits), x_streams{limits, pairing.account, x_stored_bytes} {}

  void take(const Segment& segment, Time time, const Tick& now);
  /// Ends the waits and time-outs that are over.
  void settle(const Tick& now);
  /// The capture is over: all that is held is handed up.
  void finish(const Tick& now);

  std::size_t size() const { return x_flows.size(); }
  std::size_t stored_bytes() const { return x_stored_bytes; }
  /// No exchange that begins later has a first byte before this, of what is held here.
  std::optional<Time> oldest_held() const;

 private:
  struct QueuedWait {
    enum class Kind : std::uint8_t { forward, backward, reset, previous } kind;
    std::uint64_t flow;
    Wait wait;
  };
  using Recency = std::list<Flow*>;  // least recently seen first

  Flow* flow_of(const Segment& segment, Direction direction, const Tick& now);
  Flow& open(const FlowKey& key, const Tick& now);
  void free_stores(const Tick& now);
  void touch(Flow& flow, const Tick& now);
  void after(Flow& flow);
  void queue_waits(Flow& flow);
  void settle_one(const QueuedWait& over, const Tick& now);
  void settle_queue(std::deque<QueuedWait>& queue, const Tick& now);
  void settle_idle(Recency& recency, Duration limit, const Tick& now);
  void close(Flow& flow, EndReason reason, const Tick& now);
  void keep_bounded(const Tick& now);
  Flow* find(std::uint64_t id);

  PairingContext* x_pairing;
  const Limits* x_limits;
  std::size_t x_stored_bytes = 0;
  StreamContext x_streams;
  std::uint64_t x_last_id = 0;
  std::unordered_map<FlowKey, std::unique_ptr<Flow>, FlowKeyHash> x_flows;
  std::unordered_map<std::uint64_t, Flow*> x_by_id;  // those with something in a queue
  Recency x_active;
  Recency x_quiet;                     // without data so far, or ended: kept for a short time
  std::deque<QueuedWait> x_gap_waits;  // in the order in which they will be over
  std::deque<QueuedWait> x_longer_waits;
  std::set<std::pair<Time, std::uint64_t>> x_holding;
};

}  // namespace tapedeck::capture
