#include "replay/schedule.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "tests/support/planned.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::replay;
using tapedeck::test::fill;
using tapedeck::test::planned;

namespace {

constexpr MonoTime kT0{Duration(1'000'000'000)};

struct Fixture {
  explicit Fixture(ScheduleOptions o = {}, std::size_t in_flight = 100) : options(o), limit(in_flight) {}
  Schedule& schedule() {
    if (!made) made.emplace(options, ring, limit, kT0);
    return *made;
  }
  // Steps that matter here: announcements are passed over.
  Step next(MonoTime now) {
    for (;;) {
      Step step = schedule().next(now);
      CHECK(schedule().account().sums_hold());
      if (!std::holds_alternative<OpenAhead>(step)) return step;
    }
  }
  PlannedRequest* send(MonoTime now) {
    Step step = next(now);
    REQUIRE(std::holds_alternative<SendNow>(step));
    PlannedRequest* request = std::get<SendNow>(step).request;
    schedule().on_sent(*request, now);
    return request;
  }
  void answer(PlannedRequest* request) { schedule().on_end({request, {}, {}}); }

  ScheduleOptions options;
  Ring ring{64};
  InFlight limit;
  std::optional<Schedule> made;
};

MonoTime sleeps_until(const Step& step) {
  REQUIRE(std::holds_alternative<SleepUntil>(step));
  return std::get<SleepUntil>(step).time;
}

}  // namespace

TEST_CASE("open: a request is handed out at its due time, not a nanosecond before") {
  Fixture f;
  fill(f.ring, {{1, 10ms}, {2, 20ms}});
  CHECK(sleeps_until(f.next(kT0)) == kT0 + 10ms);
  CHECK(sleeps_until(f.next(kT0 + 10ms - 1ns)) == kT0 + 10ms);
  PlannedRequest* first = f.send(kT0 + 10ms);
  CHECK(first->due == kT0 + 10ms);
  CHECK(sleeps_until(f.next(kT0 + 10ms)) == kT0 + 20ms);
  f.answer(first);
  f.answer(f.send(kT0 + 25ms));
  CHECK(std::holds_alternative<Done>(f.next(kT0 + 25ms)));
  CHECK(f.schedule().account().answered() == 2);
}

TEST_CASE("open: an unanswered predecessor does not hold the next one back") {
  Fixture f;
  fill(f.ring, {{1, 0ms}, {1, 1ms}, {1, 2ms}});
  std::vector<PlannedRequest*> sent;
  for (int i = 0; i < 3; ++i) sent.push_back(f.send(kT0 + 5ms));
  CHECK(f.schedule().account().in_flight() == 3);
  for (PlannedRequest* request : sent) f.answer(request);
}

TEST_CASE("open: what comes is announced once, in order, `open_ahead` before it is due") {
  Fixture f({.open_ahead = 250ms});
  fill(f.ring, {{1, 300ms}, {2, 310ms}});
  CHECK(sleeps_until(f.schedule().next(kT0)) == kT0 + 50ms);
  Step step = f.schedule().next(kT0 + 50ms);
  REQUIRE(std::holds_alternative<OpenAhead>(step));
  CHECK(std::get<OpenAhead>(step).request->connection == ConnectionKey{1});
  CHECK(sleeps_until(f.schedule().next(kT0 + 50ms)) == kT0 + 60ms);
  step = f.schedule().next(kT0 + 60ms);
  REQUIRE(std::holds_alternative<OpenAhead>(step));
  CHECK(std::get<OpenAhead>(step).request->connection == ConnectionKey{2});
  CHECK(sleeps_until(f.schedule().next(kT0 + 60ms)) == kT0 + 300ms);
}

TEST_CASE("limit, queue: the request waits, keeps its due time, and its wait is known") {
  Fixture f({.when_full = WhenFull::queue}, 1);
  fill(f.ring, {{1, 0ms}, {2, 1ms}});
  PlannedRequest* first = f.send(kT0);
  CHECK(sleeps_until(f.next(kT0 + 1ms)) == kT0 + 30s);  // the first one's time-out
  f.answer(first);
  PlannedRequest* second = f.send(kT0 + 7ms);
  CHECK(second->due == kT0 + 1ms);
  CHECK(second->limit_wait == 6ms);
  f.answer(second);
}

TEST_CASE("limit, drop: the request is skipped") {
  Fixture f({.when_full = WhenFull::drop}, 1);
  fill(f.ring, {{1, 0ms}, {2, 1ms}});
  PlannedRequest* first = f.send(kT0);
  const Step step = f.next(kT0 + 1ms);
  REQUIRE(std::holds_alternative<Skipped>(step));
  CHECK(std::get<Skipped>(step).reason == SkipReason::limit);
  f.answer(first);
}

TEST_CASE("limit, abort: the rest of the run is skipped") {
  Fixture f({.when_full = WhenFull::abort}, 1);
  fill(f.ring, {{1, 0ms}, {2, 1ms}, {3, 2ms}});
  PlannedRequest* first = f.send(kT0);
  CHECK(std::get<Skipped>(f.next(kT0 + 1ms)).reason == SkipReason::limit);
  CHECK(f.schedule().limit_struck());
  CHECK(std::get<Skipped>(f.next(kT0 + 1ms)).reason == SkipReason::stopped);
  f.answer(first);
  CHECK(std::holds_alternative<Done>(f.next(kT0 + 1ms)));
}

TEST_CASE("a request that could not go for the whole time-out expires: no storm of stale requests") {
  Fixture f({.timeout = 30s}, 1);
  fill(f.ring, {{1, 0ms}, {2, 1ms}});
  f.send(kT0);
  CHECK(sleeps_until(f.next(kT0 + 2ms)) == kT0 + 30s);
  Step step = f.next(kT0 + 30s);
  REQUIRE(std::holds_alternative<TimedOut>(step));
  f.schedule().on_end({std::get<TimedOut>(step).request, {}, FailReason::timeout});
  step = f.next(kT0 + 30s + 1ms);
  REQUIRE(std::holds_alternative<Skipped>(step));
  CHECK(std::get<Skipped>(step).reason == SkipReason::expired);
}

TEST_CASE("stop: what is in the ring is skipped, what is in flight may end") {
  Fixture f;
  fill(f.ring, {{1, 0ms}, {2, 1ms}, {3, 5s}});
  PlannedRequest* first = f.send(kT0);
  f.schedule().stop();
  CHECK(std::get<Skipped>(f.next(kT0 + 1ms)).reason == SkipReason::stopped);
  CHECK(std::get<Skipped>(f.next(kT0 + 1ms)).reason == SkipReason::stopped);
  CHECK(std::holds_alternative<SleepUntil>(f.next(kT0 + 1ms)));
  f.answer(first);
  CHECK(std::holds_alternative<Done>(f.next(kT0 + 1ms)));
  CHECK(f.schedule().account().skipped(SkipReason::stopped) == 2);
}

TEST_CASE("closed: a connection's next request waits for the answer, other connections do not") {
  Fixture f({.order = Order::closed}, 64);
  fill(f.ring, {{1, 0ms}, {1, 0ms}, {2, 0ms}, {1, 0ms}});
  PlannedRequest* a1 = f.send(kT0);
  PlannedRequest* b1 = f.send(kT0);
  CHECK(a1->connection == ConnectionKey{1});
  CHECK(b1->connection == ConnectionKey{2});
  CHECK(std::holds_alternative<SleepUntil>(f.next(kT0)));
  f.answer(a1);
  PlannedRequest* a2 = f.send(kT0 + 3ms);
  CHECK(a2->connection == ConnectionKey{1});
  CHECK(a2->due == kT0 + 3ms);
  CHECK(std::holds_alternative<SleepUntil>(f.next(kT0 + 3ms)));
  f.answer(b1);
  f.answer(a2);
  f.answer(f.send(kT0 + 4ms));
  CHECK(std::holds_alternative<Done>(f.next(kT0 + 4ms)));
}

TEST_CASE("closed: no more than the limit at once") {
  Fixture f({.order = Order::closed}, 2);
  fill(f.ring, {{1, 0ms}, {2, 0ms}, {3, 0ms}});
  PlannedRequest* a = f.send(kT0);
  PlannedRequest* b = f.send(kT0);
  CHECK(std::holds_alternative<SleepUntil>(f.next(kT0)));
  f.answer(b);
  f.answer(f.send(kT0));
  f.answer(a);
}

TEST_CASE("closed: what waits for its predecessor is bounded") {
  Fixture f({.order = Order::closed, .held_requests = 1}, 64);
  fill(f.ring, {{1, 0ms}, {1, 0ms}, {1, 0ms}, {2, 0ms}});
  PlannedRequest* first = f.send(kT0);
  CHECK(std::holds_alternative<SleepUntil>(f.next(kT0)));
  CHECK(f.ring.size() == 2);
  f.answer(first);
  PlannedRequest* second = f.send(kT0);
  CHECK(second->connection == ConnectionKey{1});
  PlannedRequest* other = f.send(kT0);  // its place in the bound is free again
  CHECK(other->connection == ConnectionKey{2});
  f.answer(second);
  f.answer(other);
  f.answer(f.send(kT0));
}

TEST_CASE("a million requests on a thousand connections: none early, twice or out of order") {
  Ring ring(1024);
  InFlight limit(10'000);
  Schedule schedule({}, ring, limit, kT0);
  constexpr std::uint32_t kRequests = 1'000'000;
  std::vector<std::uint32_t> next_sequence(1000, 0);
  std::uint32_t made = 0, got = 0, early = 0, inversions = 0;
  MonoTime now = kT0;
  while (got < kRequests) {
    for (; made < kRequests; ++made) {
      RequestPtr request = planned({std::uint64_t{made} * 7919 % 1000, Duration(made * 1000LL)});
      request->recorded.sequence = made / 1000;
      if (!ring.try_push(request)) break;
    }
    if (made == kRequests) ring.close();
    Step step = schedule.next(now);
    if (const auto* sleep = std::get_if<SleepUntil>(&step)) {
      now = sleep->time;
    } else if (const auto* send = std::get_if<SendNow>(&step)) {
      PlannedRequest* request = send->request;
      if (request->due > now || request->due != kT0 + Duration(got * 1000LL)) ++early;
      if (request->recorded.sequence != next_sequence[static_cast<std::size_t>(request->connection)]++) ++inversions;
      schedule.on_sent(*request, now);
      schedule.on_end({request, {}, {}});
      ++got;
    }
  }
  CHECK(early == 0);
  CHECK(inversions == 0);
  CHECK(schedule.account().answered() == kRequests);
}
