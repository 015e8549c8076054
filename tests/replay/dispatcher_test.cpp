#include "replay/dispatcher.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/support/planned.hpp"
#include "tests/support/simulated_target.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::replay;
using tapedeck::test::planned;
using tapedeck::test::SimulatedTarget;

namespace {

constexpr MonoTime kT0{Duration(1'000'000'000)};

DispatcherOptions options_for(ConnectionMode mode, Order order = Order::open) {
  DispatcherOptions options;
  options.connections = mode;
  options.pool_size = 4;
  options.schedule.order = order;
  options.stats = {.lateness_budget = 1ms, .latency_from_due = order == Order::open, .t0 = kT0};
  return options;
}

struct Run {
  DispatcherOptions options;
  SimulatedTarget target;
  Ring ring{1u << 17};
  InFlight limit{10'000};
  Dispatcher dispatcher{options, ring, limit, target};
  Run(DispatcherOptions o, SimulatedTarget::Script script) : options(std::move(o)), target(std::move(script)) {}
  void add(std::uint64_t connection, std::uint32_t sequence, Duration offset, bool last = false) {
    RequestPtr request = planned({connection, offset, last});
    request->recorded.sequence = sequence;
    if (options.connections == ConnectionMode::pool) request->lane = LaneKey{0}, request->last_in_lane = false;
    if (options.connections == ConnectionMode::per_request) {
      request->lane = LaneKey{connection << 32 | sequence};
      request->last_in_lane = true;
    }
    REQUIRE(ring.try_push(request));
  }
  void go() {
    ring.close();
    target.run(dispatcher, kT0 - 1s);
  }
};

}  // namespace

// A target that answers at once, but not while it stalls: what is sent then is answered at its end. The latency from
// the due time is what is left of the stall, whatever the number of connections. 2000/s, 300 ms stall in 10 s.
TEST_CASE("a stall of the target shows in the latencies of all requests that were due in it") {
  constexpr MonoTime kStallEnd = kT0 + 5299'750us;
  SimulatedTarget::Script script;
  script.answers_at = [&](MonoTime sent) { return sent >= kStallEnd - 300ms && sent < kStallEnd ? kStallEnd : sent; };
  Run run(options_for(ConnectionMode::recorded), script);
  constexpr std::uint32_t kRequests = 20'000;
  for (std::uint32_t i = 0; i < kRequests; ++i)
    run.add(1 + i % 64, i / 64, Duration(i * 500'000LL), i >= kRequests - 64);
  std::vector<Duration> latencies;
  run.target.on_ended = [&](const PlannedRequest& request, const Outcome& outcome) {
    REQUIRE(outcome.answer);
    latencies.push_back(outcome.answer->last - request.due);
  };
  run.go();
  std::ranges::sort(latencies);
  // 600 requests were due in the stall, with 299.75, 299.25, ... 0.25 ms left of it; all others are answered at once.
  REQUIRE(latencies.size() == kRequests);
  for (std::uint32_t i = 0; i < 600; ++i) CHECK(latencies[kRequests - 1 - i] == 299'750us - i * 500us);
  CHECK(latencies[kRequests - 601] == 0ns);
  CHECK(latencies[kRequests * 99 / 100 - 1] == 199'750us);  // the p99 that a user of the service saw
  CHECK(run.dispatcher.connections().overflow() == 600 - 64);
}

TEST_CASE(
    "the same stall with a small pool: what cannot be sent is late, and its latency still counts from the due time") {
  constexpr MonoTime kStallEnd = kT0 + 5300ms;
  SimulatedTarget::Script script;
  script.answers_at = [&](MonoTime sent) { return sent >= kStallEnd - 300ms && sent < kStallEnd ? kStallEnd : sent; };
  Run run(options_for(ConnectionMode::pool), script);
  for (std::uint32_t i = 0; i < 20'000; ++i) run.add(1 + i % 64, i / 64, Duration(i * 500'000LL));
  std::uint64_t slow = 0;
  run.target.on_ended = [&](const PlannedRequest& request, const Outcome& outcome) {
    slow += outcome.answer->last - request.due > 100ms ? 1 : 0;
  };
  run.go();
  CHECK(slow == 400);
}

TEST_CASE("undisturbed, every request of every mode goes out at its due time, in order") {
  for (const ConnectionMode mode : {ConnectionMode::recorded, ConnectionMode::pool}) {
    SimulatedTarget::Script script;
    script.connect_time = [] { return Duration(100'000); };
    Run run(options_for(mode), script);
    for (std::uint32_t i = 0; i < 1000; ++i) run.add(1 + i % 10, i / 10, Duration(1ms) * i, i >= 990);
    run.go();
    CHECK(run.target.sent.size() == 1000);
    CHECK(std::ranges::all_of(run.target.sent, [](const auto& sent) { return sent.time == sent.due; }));
    CHECK(run.dispatcher.account().answered() == 1000);
    if (mode == ConnectionMode::recorded) CHECK(run.dispatcher.connections().live_count() == 0);
  }
}

TEST_CASE("per-request: the connect is inside the latency") {
  SimulatedTarget::Script script;
  script.connect_time = [] { return Duration(3ms); };
  Run run(options_for(ConnectionMode::per_request), script);
  run.add(1, 0, 10ms);
  run.target.on_ended = [](const PlannedRequest& request, const Outcome& outcome) {
    CHECK(outcome.answer->last - request.due == 3ms);
  };
  run.go();
  CHECK(run.dispatcher.account().answered() == 1);
}

TEST_CASE("a closed idle connection costs an idempotent request nothing: it is sent once more") {
  SimulatedTarget::Script script;
  int sends = 0;
  script.breaks = [&] { return ++sends == 2; };
  Run run(options_for(ConnectionMode::recorded), script);
  run.add(1, 0, 0ms);
  run.add(1, 1, 10ms, true);
  run.go();
  CHECK(run.dispatcher.account().answered() == 2);
  CHECK(run.dispatcher.retries() == 1);
  CHECK(run.target.sent.size() == 3);
}

TEST_CASE("a fresh connection that breaks is no reason to send again") {
  SimulatedTarget::Script script;
  script.breaks = [] { return true; };
  Run run(options_for(ConnectionMode::recorded), script);
  run.add(1, 0, 0ms, true);
  run.go();
  CHECK(run.dispatcher.account().failed(FailReason::reset) == 1);
  CHECK(run.dispatcher.retries() == 0);
}

TEST_CASE(
    "a dead target: after fifty refused connects and a second the rest fails at once, until a probe gets through") {
  SimulatedTarget::Script script;
  std::uint64_t attempts = 0;
  Run* running = nullptr;
  script.refuses = [&] {
    ++attempts;
    return running->target.now() < kT0 + 5s;
  };
  Run run(options_for(ConnectionMode::recorded), script);
  running = &run;
  for (std::uint32_t i = 0; i < 1000; ++i) run.add(i, 0, Duration(10ms) * i, true);
  run.go();
  const Account& account = run.dispatcher.account();
  CHECK(account.answered() + account.failed() == 1000);
  CHECK(account.failed(FailReason::target_down) > 300);
  CHECK(account.answered() > 450);
  CHECK(attempts < 750);
}

TEST_CASE("whatever the target does, the sums hold after every step and every request ends once") {
  const auto random_run = [](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto chance = [&random](std::uint64_t percent) { return random() % 100 < percent; };
    const std::uint64_t refuse = random() % 30, stall = random() % 30, reset = random() % 30, closing = random() % 50;
    SimulatedTarget::Script script;
    script.connect_time = [&] { return Duration(random() % 5'000'000); };
    script.refuses = [&, refuse] { return chance(refuse); };
    script.answers_at = [&, stall](MonoTime sent) {
      return chance(stall) ? sent + 1h : sent + Duration(random() % 20'000'000);
    };
    script.breaks = [&, reset] { return chance(reset); };
    script.closes_after = [&, closing] { return chance(closing); };
    DispatcherOptions options =
        options_for(static_cast<ConnectionMode>(random() % 3), static_cast<Order>(random() % 2));
    options.schedule.timeout = Duration(random() % 100'000'000 + 1'000'000);
    options.schedule.when_full = static_cast<WhenFull>(random() % 3);
    const std::size_t limit = random() % 20 + 1;
    const bool stops = random() % 4 == 0;
    SimulatedTarget target(script);
    Ring ring(1024);
    InFlight in_flight(limit);
    Dispatcher dispatcher(options, ring, in_flight, target);
    const std::uint32_t requests = 200;
    for (std::uint32_t i = 0; i < requests; ++i) {
      RequestPtr request = planned({1 + random() % 8, Duration(i * 1'000'000LL)});
      if (options.connections == ConnectionMode::pool) request->lane = LaneKey{0};
      if (options.connections == ConnectionMode::per_request)
        request->lane = LaneKey{1000 + i}, request->last_in_lane = true;
      ring.try_push(request);
    }
    ring.close();
    bool sums = true, bounded = true;
    target.after_step = [&](MonoTime now) {
      sums = sums && dispatcher.account().sums_hold();
      bounded = bounded && in_flight.count() <= limit;
      if (options.connections == ConnectionMode::pool)
        bounded = bounded && dispatcher.connections().live_count() <= options.pool_size;
      if (stops && now > kT0 + 100ms) dispatcher.stop();
    };
    target.run(dispatcher, kT0 - 1s, stops ? kT0 + 150ms : MonoTime::max());
    if (stops) {
      dispatcher.give_up(kT0 + 150ms);
      target.run(dispatcher, kT0 + 150ms);
    }
    const Account& account = dispatcher.account();
    CHECK_MESSAGE(sums, "seed ", seed);
    CHECK_MESSAGE(bounded, "seed ", seed);
    CHECK_MESSAGE(target.ends == requests, "seed ", seed);
    CHECK_MESSAGE(account.handed() == requests, "seed ", seed);
    CHECK_MESSAGE(account.waiting() + account.in_flight() == 0, "seed ", seed);
    CHECK_MESSAGE(in_flight.count() == 0, "seed ", seed);
  };
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) random_run(seed);
}
