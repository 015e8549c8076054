#include "replay/dispatcher.hpp"

#include <cassert>
#include <utility>

namespace tapedeck::replay {

Dispatcher::Dispatcher(const DispatcherOptions& options, Ring& ring, InFlight& limit, Transport& transport)
    : x_schedule(options.schedule, ring, limit, options.stats.t0),
      x_connections(options.connections, options.pool_size),
      x_stats(options.stats),
      x_transport(&transport) {}

void Dispatcher::fill_pool() {
  for (const LiveId live : x_connections.fill_pool()) x_transport->open(live);
}

Dispatcher::State Dispatcher::step(MonoTime now) {
  if (x_breaker.probe_due(now)) x_transport->probe();
  Step step = x_schedule.next(now);
  State state = std::visit(
      [&](auto& what) -> State {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, SleepUntil> || std::is_same_v<What, Done>) {
          return what;
        } else {
          take(what, now);
          return Progressed{};
        }
      },
      step);
  assert(account().sums_hold());
  return state;
}

void Dispatcher::take(SendNow& step, MonoTime now) {
  const Placement placement = x_connections.place(*step.request, may_open());
  if (placement.refused) {
    x_connections.withdraw(*step.request);
    fail(*step.request, FailReason::target_down);
  } else {
    apply(placement, now);
  }
}

void Dispatcher::take(OpenAhead& step, MonoTime) {
  if (x_breaker.open()) return;
  if (const auto live = x_connections.announce(*step.request)) x_transport->open(*live);
}

void Dispatcher::take(TimedOut& step, MonoTime now) {
  PlannedRequest& request = *step.request;
  x_connections.withdraw(request);
  const LiveId live = std::exchange(request.live, kNoLive);
  if (request.was_sent) {
    fail(request, FailReason::timeout);
  } else {
    end(request, {.skipped = SkipReason::expired});
  }
  if (live != kNoLive) drop_connection(live, now);
}

void Dispatcher::take(Skipped& step, MonoTime) {
  for (const LiveId live : x_connections.on_skip(*step.request)) x_transport->close(live);
  const Outcome outcome{.skipped = step.reason};
  x_stats.add(*step.request, outcome);
  x_transport->ended(std::move(step.request), outcome);
}

void Dispatcher::apply(const Placement& placement, MonoTime now) {
  if (placement.open) x_transport->open(*placement.open);
  if (placement.close) x_transport->close(placement.live);
  if (placement.send != nullptr) send(placement.live, *placement.send, now);
}

void Dispatcher::send(LiveId live, PlannedRequest& request, MonoTime now) {
  request.live = live;
  if (!request.was_sent) x_schedule.on_sent(request, now);
  x_transport->send(live, request);
}

void Dispatcher::end(PlannedRequest& request, const Outcome& outcome) {
  for (const LiveId live : x_connections.on_end(request)) x_transport->close(live);
  RequestPtr owned = x_schedule.on_end({&request, outcome.skipped, outcome.failed});
  x_stats.add(*owned, outcome);
  x_transport->ended(std::move(owned), outcome);
  assert(account().sums_hold());
}

void Dispatcher::drop_connection(LiveId live, MonoTime now) {
  x_transport->close(live);
  apply(x_connections.on_gone(live), now);
}

void Dispatcher::on_open(LiveId live, MonoTime now) {
  x_breaker.on_connected(now);
  apply(x_connections.on_open(live), now);
}

void Dispatcher::on_open_failed(LiveId live, FailReason why, MonoTime now) {
  x_breaker.on_connect_failed(now);
  const Placement next = x_connections.on_open_failed(live, may_open());
  if (next.open) x_transport->open(*next.open);
  if (next.send == nullptr) return;
  const LaneKey lane = next.send->lane;
  fail(*next.send, why);
  if (!next.refused) return;
  for (PlannedRequest* stuck : x_connections.stranded(lane)) fail(*stuck, FailReason::target_down);
}

void Dispatcher::on_probe(bool connected, MonoTime now) {
  connected ? x_breaker.on_connected(now) : x_breaker.on_connect_failed(now);
}

void Dispatcher::on_answer(PlannedRequest& request, const Answer& answer, MonoTime now) {
  const LiveId live = std::exchange(request.live, kNoLive);
  end(request, {.answer = answer});
  if (answer.reusable) {
    apply(x_connections.on_free(live), now);
  } else {
    drop_connection(live, now);
  }
}

void Dispatcher::on_broken(PlannedRequest& request, const Broken& broken, MonoTime now) {
  const LiveId live = std::exchange(request.live, kNoLive);
  const bool closed = broken.reason == FailReason::reset || broken.reason == FailReason::closed_early;
  if (closed && broken.reused && !broken.bytes_back && request.idempotent && !request.retried) {
    request.retried = true;
    ++x_retries;
    drop_connection(live, now);
    const Placement again = x_connections.retry(request, may_open());
    if (!again.refused) return apply(again, now);
    x_connections.withdraw(request);
    return fail(request, broken.reason);
  }
  fail(request, broken.reason);
  drop_connection(live, now);
}

void Dispatcher::on_idle_closed(LiveId live, MonoTime now) { drop_connection(live, now); }

void Dispatcher::give_up(MonoTime now) {
  stop();
  while (PlannedRequest* request = x_schedule.any_open()) {
    x_connections.withdraw(*request);
    const LiveId live = std::exchange(request->live, kNoLive);
    if (request->was_sent) {
      fail(*request, FailReason::stopped);
    } else {
      end(*request, {.skipped = SkipReason::stopped});
    }
    if (live != kNoLive) drop_connection(live, now);
  }
}

}  // namespace tapedeck::replay
