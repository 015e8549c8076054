#include "capture/flow_table.hpp"

#include <algorithm>
#include <vector>

namespace tapedeck::capture {
namespace {

constexpr std::size_t kFreedAtOnce = 256;

}  // namespace

Flow* FlowTable::find(std::uint64_t id) {
  const auto found = x_by_id.find(id);
  return found == x_by_id.end() ? nullptr : found->second;
}

Flow& FlowTable::open(const FlowKey& key, const Tick& now) {
  keep_bounded(now);
  auto flow = std::make_unique<Flow>(++x_last_id, key, x_streams, *x_pairing);
  Flow& opened = *flow;
  ++x_pairing->account.flows_seen;
  x_by_id[opened.id()] = &opened;
  x_flows[key] = std::move(flow);
  return opened;
}

/// Null: the segment belongs to no connection and begins none.
Flow* FlowTable::flow_of(const Segment& segment, Direction direction, const Tick& now) {
  const FlowKey key = key_of(segment);
  const auto found = x_flows.find(key);
  if (found == x_flows.end()) {
    // A lone ACK, FIN or RST tells of nothing that could still be recorded.
    if (segment.payload_length == 0 && !segment.flags.syn) return nullptr;
    return &open(key, now);
  }
  Flow& flow = *found->second;
  if (flow.takes(segment, direction)) {
    Flow* before = flow.previous.get();
    const bool late = before != nullptr && !segment.flags.syn &&
                      before->distance(segment, direction) < flow.distance(segment, direction);
    return late ? before : &flow;
  }
  // A new connection between the same two ports. What the old one lacks may still come, so it stays for a while.
  std::unique_ptr<Flow> old = std::move(found->second);
  if (old->previous) close(*old->previous, EndReason::cut_off, now);
  old->previous.reset();
  if (old->where != nullptr) old->where->erase(old->place);
  old->where = nullptr;
  Flow& opened = open(key, now);
  opened.previous = std::move(old);
  x_gap_waits.push_back({.kind = QueuedWait::Kind::previous, .flow = opened.id(), .wait = {.since = now}});
  return &opened;
}

void FlowTable::take(const Segment& segment, Time time, const Tick& now) {
  const Direction direction = direction_of(segment);
  Flow* flow = flow_of(segment, direction, now);
  if (flow == nullptr) return;
  flow->take(segment, direction, time, now);
  touch(*flow, now);
  after(*flow);
  if (x_stored_bytes > x_limits->all_stores_bytes) free_stores(now);
}

/// All stores together are full: the holes behind which bytes have waited longest are given up.
void FlowTable::free_stores(const Tick& now) {
  std::vector<std::uint64_t> oldest;
  for (const auto& [time, id] : x_holding) {
    oldest.push_back(id);
    if (oldest.size() == kFreedAtOnce) break;
  }
  for (const std::uint64_t id : oldest) {
    if (x_stored_bytes <= x_limits->all_stores_bytes) return;
    Flow* flow = find(id);
    if (flow == nullptr) continue;
    for (const Direction each : {Direction::forward, Direction::backward}) flow->half(each).give_up_hole(now);
    after(*flow);
  }
}

void FlowTable::touch(Flow& flow, const Tick& now) {
  flow.last_seen = now.clock;
  if (x_flows.find(flow.key())->second.get() != &flow) return;  // a previous one: it goes with its wait
  Recency& recency = flow.has_data() && !flow.ended() ? x_active : x_quiet;
  if (flow.where != nullptr) {
    recency.splice(recency.end(), *flow.where, flow.place);
  } else {
    recency.push_back(&flow);
  }
  flow.place = std::prev(recency.end());
  flow.where = &recency;
}

/// Brings queues, lists and the set of flows that hold bytes up to date.
void FlowTable::after(Flow& flow) {
  queue_waits(flow);
  if (flow.ended() && flow.where == &x_active) {
    x_quiet.splice(x_quiet.end(), x_active, flow.place);
    flow.where = &x_quiet;
  }
  const auto held = flow.oldest_held();
  if (held == flow.registered_hold) return;
  if (flow.registered_hold) x_holding.erase({*flow.registered_hold, flow.id()});
  if (held) x_holding.insert({*held, flow.id()});
  flow.registered_hold = held;
}

void FlowTable::queue_waits(Flow& flow) {
  using Kind = QueuedWait::Kind;
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    const auto& wait = flow.half(direction).wait();
    if (!wait) continue;
    const bool proven = wait->until == Wait::Until::gap_proven;
    std::uint64_t& queued = (proven ? flow.queued_gap_wait : flow.queued_longer_wait)[index(direction)];
    if (queued == wait->since.packet) continue;
    queued = wait->since.packet;
    (proven ? x_gap_waits : x_longer_waits)
        .push_back({.kind = direction == Direction::forward ? Kind::forward : Kind::backward,
                    .flow = flow.id(),
                    .wait = *wait});
  }
  if (flow.reset_since() && !flow.queued_reset && !flow.ended()) {
    flow.queued_reset = true;
    x_gap_waits.push_back({.kind = Kind::reset, .flow = flow.id(), .wait = {.since = *flow.reset_since()}});
  }
}

void FlowTable::settle_one(const QueuedWait& over, const Tick& now) {
  Flow* flow = find(over.flow);
  if (flow == nullptr) return;
  switch (over.kind) {
    case QueuedWait::Kind::forward: flow->settle(Direction::forward, now); break;
    case QueuedWait::Kind::backward: flow->settle(Direction::backward, now); break;
    case QueuedWait::Kind::reset: flow->settle_reset(now); break;
    case QueuedWait::Kind::previous:
      if (flow->previous) close(*flow->previous, EndReason::cut_off, now);
      flow->previous.reset();
      return;
  }
  after(*flow);
}

void FlowTable::settle_queue(std::deque<QueuedWait>& queue, const Tick& now) {
  while (!queue.empty() && is_over(queue.front().wait, now, *x_limits)) {
    const QueuedWait over = queue.front();
    queue.pop_front();
    settle_one(over, now);
  }
}

void FlowTable::settle_idle(Recency& recency, Duration limit, const Tick& now) {
  while (!recency.empty() && now.clock - recency.front()->last_seen > limit) {
    Flow& flow = *recency.front();
    if (!flow.ended() && flow.has_data()) ++x_pairing->account.flows_timed_out;
    close(flow, EndReason::cut_off, now);
    x_flows.erase(FlowKey(flow.key()));
  }
}

void FlowTable::settle(const Tick& now) {
  settle_queue(x_gap_waits, now);
  settle_queue(x_longer_waits, now);
  settle_idle(x_active, x_limits->idle, now);
  settle_idle(x_quiet, x_limits->idle_without_data, now);
}

/// Hands up what the flow holds and takes it out of all lists; it is still to be erased.
void FlowTable::close(Flow& flow, EndReason reason, const Tick& now) {
  if (flow.previous) close(*flow.previous, EndReason::cut_off, now);
  flow.finish(reason, now);
  after(flow);
  if (flow.where != nullptr) flow.where->erase(flow.place);
  flow.where = nullptr;
  x_by_id.erase(flow.id());
}

void FlowTable::keep_bounded(const Tick& now) {
  while (x_flows.size() >= x_limits->flows) {
    Recency& recency = x_quiet.empty() ? x_active : x_quiet;
    if (recency.empty()) return;
    Flow& flow = *recency.front();
    if (!flow.ended()) ++x_pairing->account.flows_evicted;
    close(flow, EndReason::evicted, now);
    x_flows.erase(FlowKey(flow.key()));
  }
}

void FlowTable::finish(const Tick& now) {
  std::vector<Flow*> all;
  for (const auto& [key, flow] : x_flows) all.push_back(flow.get());
  std::sort(all.begin(), all.end(), [](const Flow* a, const Flow* b) { return a->id() < b->id(); });
  for (Flow* flow : all) close(*flow, EndReason::cut_off, now);
  x_flows.clear();
  x_gap_waits.clear();
  x_longer_waits.clear();
}

std::optional<Time> FlowTable::oldest_held() const {
  if (x_holding.empty()) return std::nullopt;
  return x_holding.begin()->first;
}

}  // namespace tapedeck::capture
