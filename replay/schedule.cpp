#include "replay/schedule.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tapedeck::replay {

Schedule::Schedule(const ScheduleOptions& options, Ring& ring, InFlight& limit, MonoTime t0)
    : x_options(options), x_ring(&ring), x_limit(&limit), x_t0(t0) {}

Schedule::~Schedule() {
  while (PlannedRequest* open = any_open()) delete open;  // unlinks itself
}

Step Schedule::next(MonoTime now) {
  if (auto step = expire(now)) return std::move(*step);
  if (x_stopped) {
    if (auto step = drain_step()) return std::move(*step);
  } else if (x_options.order == Order::closed) {
    if (auto step = closed_step(now)) return std::move(*step);
  } else {
    if (auto step = open_step(now)) return std::move(*step);
    if (auto step = announce(now)) return std::move(*step);
  }
  if (x_ring->at_end() && x_held == 0 && x_ready.empty() && x_waiting.empty() && x_sent.empty()) return Done{};
  return wait(now);
}

std::optional<Step> Schedule::expire(MonoTime now) {
  if (!x_sent.empty() && x_sent.front().sent + x_options.timeout <= now) return TimedOut{&x_sent.front()};
  if (!x_waiting.empty() && x_waiting.front().due + x_options.timeout <= now) return TimedOut{&x_waiting.front()};
  return std::nullopt;
}

std::optional<Step> Schedule::open_step(MonoTime now) {
  const PlannedRequest* front = x_ring->peek(0);
  if (front == nullptr || due_of(*front) > now) return std::nullopt;
  if (due_of(*front) + x_options.timeout <= now) {
    x_blocked_since.reset();
    return skip(pop(), SkipReason::expired);
  }
  if (!x_limit->try_enter()) return full(now);
  RequestPtr request = pop();
  if (x_blocked_since) request->limit_wait = now - *x_blocked_since;
  x_blocked_since.reset();
  return hand_out(std::move(request), now);
}

// The limit is reached and a request is due.
std::optional<Step> Schedule::full(MonoTime now) {
  switch (x_options.when_full) {
    case WhenFull::queue:
      if (!x_blocked_since) x_blocked_since = now;
      return std::nullopt;
    case WhenFull::abort:
      x_limit_struck = true;
      stop();
      break;
    case WhenFull::drop: break;
  }
  return skip(pop(), SkipReason::limit);
}

std::optional<Step> Schedule::closed_step(MonoTime now) {
  const auto send = [&](RequestPtr request) -> Step {
    request->due = now;
    return hand_out(std::move(request), now);
  };
  if (!x_ready.empty()) {
    if (!x_limit->try_enter()) return std::nullopt;
    RequestPtr request = std::move(x_ready.front());
    x_ready.pop_front();
    x_held_bytes -= request->bytes;
    return send(std::move(request));
  }
  while (const PlannedRequest* front = x_ring->peek(0)) {
    if (x_busy.contains(front->connection)) {
      if (x_held >= x_options.held_requests || x_held_bytes >= x_options.held_bytes) return std::nullopt;
      hold_back(pop());
      continue;
    }
    if (!x_limit->try_enter()) return std::nullopt;
    x_busy.emplace(front->connection, Busy{});
    return send(pop());
  }
  return std::nullopt;
}

void Schedule::hold_back(RequestPtr request) {
  ++x_held;
  x_held_bytes += request->bytes;
  x_busy.at(request->connection).held.push_back(std::move(request));
}

// After stop(): what was held back, then the ring.
std::optional<Step> Schedule::drain_step() {
  for (auto& [key, busy] : x_busy) {
    x_held -= busy.held.size();
    std::ranges::move(busy.held, std::back_inserter(x_ready));
    busy.held.clear();
  }
  if (!x_ready.empty()) {
    RequestPtr request = std::move(x_ready.front());
    x_ready.pop_front();
    x_held_bytes -= request->bytes;
    return skip(std::move(request), SkipReason::stopped);
  }
  if (x_ring->peek(0) != nullptr) return skip(pop(), SkipReason::stopped);
  return std::nullopt;
}

std::optional<Step> Schedule::announce(MonoTime now) {
  const PlannedRequest* request = x_ring->peek(x_announced);
  if (request == nullptr || due_of(*request) - x_options.open_ahead > now) return std::nullopt;
  ++x_announced;
  return OpenAhead{request};
}

Step Schedule::hand_out(RequestPtr request, MonoTime now) {
  request->handed = now;
  x_account.take();
  x_waiting.push_back(*request);
  return SendNow{request.release()};
}

Step Schedule::skip(RequestPtr request, SkipReason why) {
  x_account.skip_new(why);
  return Skipped{std::move(request), why};
}

RequestPtr Schedule::pop() {
  if (x_announced > 0) --x_announced;
  RequestPtr request = x_ring->pop();
  request->due = due_of(*request);
  return request;
}

void Schedule::on_sent(PlannedRequest& request, MonoTime now) {
  assert(!request.was_sent);
  request.was_sent = true;
  request.sent = now;
  static_cast<DeadlineHook&>(request).unlink();
  x_sent.push_back(request);
  x_account.send();
}

RequestPtr Schedule::on_end(const Ended& ended) {
  RequestPtr request(ended.request);
  static_cast<DeadlineHook&>(*request).unlink();
  x_limit->leave();
  if (ended.skipped) {
    assert(!request->was_sent);
    x_account.skip_waiting(*ended.skipped);
  } else {
    if (!request->was_sent) x_account.send();
    ended.failed ? x_account.fail(*ended.failed) : x_account.answer();
  }
  if (x_options.order != Order::closed) return request;
  const auto busy = x_busy.find(request->connection);
  if (busy == x_busy.end()) return request;
  if (busy->second.held.empty()) {
    x_busy.erase(busy);
  } else {
    x_ready.push_back(std::move(busy->second.held.front()));
    busy->second.held.pop_front();
    --x_held;
  }
  return request;
}

PlannedRequest* Schedule::any_open() {
  if (!x_sent.empty()) return &x_sent.front();
  if (!x_waiting.empty()) return &x_waiting.front();
  return nullptr;
}

Step Schedule::wait(MonoTime now) const {
  SleepUntil sleep{MonoTime::max(), Why::waiting_for_answers};
  const auto earlier = [&](MonoTime time, Why why) {
    if (time < sleep.time) sleep = {time, why};
  };
  if (!x_sent.empty()) earlier(x_sent.front().sent + x_options.timeout, Why::waiting_for_answers);
  if (!x_waiting.empty()) earlier(x_waiting.front().due + x_options.timeout, Why::waiting_for_answers);
  const PlannedRequest* front = x_ring->peek(0);
  if (front == nullptr) {
    if (!x_ring->at_end()) earlier(now + x_options.recheck, Why::ring_empty);
    return sleep;
  }
  if (x_stopped) return sleep;
  if (x_options.order == Order::closed || x_blocked_since) {
    // Our own answers wake us; only what other workers hold has to be looked at again.
    const bool others_hold = x_account.waiting() + x_account.in_flight() < x_limit->limit();
    if (others_hold && x_limit->count() >= x_limit->limit()) earlier(now + x_options.recheck, Why::waiting_for_answers);
  }
  if (x_options.order == Order::closed) return sleep;
  if (x_blocked_since) {
    earlier(due_of(*front) + x_options.timeout, Why::waiting_for_answers);
  } else {
    earlier(due_of(*front), Why::due_later);
  }
  if (const PlannedRequest* unannounced = x_ring->peek(x_announced)) {
    earlier(due_of(*unannounced) - x_options.open_ahead, Why::due_later);
  }
  return sleep;
}

}  // namespace tapedeck::replay
