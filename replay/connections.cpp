#include "replay/connections.hpp"

#include <algorithm>
#include <cassert>

namespace tapedeck::replay {

Placement Connections::place(PlannedRequest& request, MayOpen may_open) {
  Lane& lane = x_lanes[request.lane];
  ++lane.outstanding;
  if (request.last_in_lane) lane.last_seen = true;
  if (lane.waiting.empty() && !lane.idle.empty()) {
    const LiveId live = lane.idle.front();
    lane.idle.pop_front();
    at(live).state = State::busy;
    return {.send = &request, .live = live};
  }
  lane.waiting.push_back(request);
  ++lane.waiters;
  return wait_in(request.lane, lane, may_open);
}

Placement Connections::retry(PlannedRequest& request, MayOpen may_open) {
  Lane& lane = x_lanes.at(request.lane);
  lane.waiting.push_front(request);
  ++lane.waiters;
  if (!lane.idle.empty()) {
    const LiveId live = lane.idle.front();
    lane.idle.pop_front();
    return use_or_rest(live, lane);
  }
  return wait_in(request.lane, lane, may_open);
}

// Somebody waits in `lane`: as many connections are on their way as there are who wait, if that is allowed.
Placement Connections::wait_in(LaneKey key, Lane& lane, MayOpen may_open) {
  if (lane.waiters <= lane.connecting || !may_grow(lane)) return {};
  if (may_open == MayOpen::no) return {.refused = lane.connecting == 0};
  return {.open = open_in(key, lane)};
}

std::optional<LiveId> Connections::announce(const PlannedRequest& request) {
  if (x_mode != ConnectionMode::recorded) return std::nullopt;
  Lane& lane = x_lanes[request.lane];
  if (lane.lives > 0) return std::nullopt;
  return open_in(request.lane, lane);
}

std::vector<LiveId> Connections::fill_pool() {
  std::vector<LiveId> opened;
  if (x_mode != ConnectionMode::pool) return opened;
  Lane& lane = x_lanes[LaneKey{}];
  while (may_grow(lane)) opened.push_back(open_in(LaneKey{}, lane));
  lane.had_live = true;
  return opened;
}

LiveId Connections::open_in(LaneKey key, Lane& lane) {
  if (x_mode == ConnectionMode::recorded && lane.lives > 0) ++x_overflow;
  if (x_mode == ConnectionMode::recorded ? lane.had_live && lane.lives == 0 : lane.had_live) ++x_reconnects;
  lane.had_live = lane.had_live || x_mode == ConnectionMode::recorded;
  if (x_free.empty()) {
    x_free.push_back(LiveId{static_cast<std::uint32_t>(x_lives.size())});
    x_lives.emplace_back();
  }
  const LiveId live = x_free.back();
  x_free.pop_back();
  at(live) = {State::connecting, key};
  ++lane.lives;
  ++lane.connecting;
  ++x_live_count;
  return live;
}

Connections::Lane* Connections::lane_of(LiveId live) {
  const auto lane = x_lanes.find(at(live).lane);
  return lane == x_lanes.end() ? nullptr : &lane->second;
}

void Connections::forget(LiveId live, Lane* lane) {
  Live& gone = at(live);
  assert(gone.state != State::free);
  if (lane != nullptr) {
    --lane->lives;
    if (gone.state == State::connecting) --lane->connecting;
    if (gone.state == State::idle) std::erase(lane->idle, live);
  }
  gone.state = State::free;
  x_free.push_back(live);
  --x_live_count;
}

Placement Connections::use_or_rest(LiveId live, Lane& lane) {
  if (lane.waiting.empty()) {
    at(live).state = State::idle;
    lane.idle.push_back(live);
    return {};
  }
  at(live).state = State::busy;
  return {.send = &take_waiter(lane), .live = live};
}

PlannedRequest& Connections::take_waiter(Lane& lane) {
  PlannedRequest& request = lane.waiting.front();
  lane.waiting.pop_front();
  --lane.waiters;
  return request;
}

void Connections::withdraw(PlannedRequest& request) {
  LaneHook& hook = request;
  if (!hook.is_linked()) return;
  hook.unlink();
  --x_lanes.at(request.lane).waiters;
}

Placement Connections::on_open(LiveId live) {
  Lane* lane = lane_of(live);
  if (lane == nullptr) {  // its lane was over before it came up
    forget(live, nullptr);
    return {.live = live, .close = true};
  }
  --lane->connecting;
  return use_or_rest(live, *lane);
}

Placement Connections::on_open_failed(LiveId live, MayOpen may_open) {
  const LaneKey key = at(live).lane;
  Lane* lane = lane_of(live);
  forget(live, lane);
  if (lane == nullptr || lane->waiters <= lane->connecting) return {};
  PlannedRequest& failed = take_waiter(*lane);
  Placement next;
  if (lane->waiters > 0) next = wait_in(key, *lane, may_open);
  next.send = &failed;
  return next;
}

std::vector<PlannedRequest*> Connections::stranded(LaneKey key) {
  std::vector<PlannedRequest*> stuck;
  const auto found = x_lanes.find(key);
  if (found == x_lanes.end() || found->second.lives > 0) return stuck;
  while (found->second.waiters > 0) stuck.push_back(&take_waiter(found->second));
  return stuck;
}

Placement Connections::on_free(LiveId live) {
  Lane* lane = lane_of(live);
  if (lane == nullptr || x_mode == ConnectionMode::per_request) {
    forget(live, lane);
    return {.live = live, .close = true};
  }
  return use_or_rest(live, *lane);
}

Placement Connections::on_gone(LiveId live) {
  const LaneKey key = at(live).lane;
  Lane* lane = lane_of(live);
  forget(live, lane);
  if (lane == nullptr || lane->waiters == 0) return {};
  return wait_in(key, *lane, MayOpen::yes);
}

std::vector<LiveId> Connections::on_end(const PlannedRequest& request) {
  --x_lanes.at(request.lane).outstanding;
  return close_if_over(request.lane);
}

std::vector<LiveId> Connections::on_skip(const PlannedRequest& request) {
  const auto lane = x_lanes.find(request.lane);
  if (lane == x_lanes.end()) return {};
  if (request.last_in_lane) lane->second.last_seen = true;
  return close_if_over(request.lane);
}

std::vector<LiveId> Connections::close_if_over(LaneKey key) {
  const auto found = x_lanes.find(key);
  Lane& lane = found->second;
  if (!lane.last_seen || lane.outstanding > 0) return {};
  const std::vector<LiveId> over(lane.idle.begin(), lane.idle.end());
  for (const LiveId live : over) forget(live, nullptr);
  x_lanes.erase(found);
  return over;
}

}  // namespace tapedeck::replay
