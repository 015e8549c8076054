#include "replay/planner.hpp"

#include <doctest/doctest.h>

#include "tests/support/recorded_traffic.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::replay;
using test::RecordedTraffic;

namespace {

std::vector<RequestPtr> plan_all(const ReplayOptions& options, TapePlan& plan, RecordedTraffic& traffic) {
  const auto each = [&](format::Bodies bodies, const auto& use) {
    traffic.rewind(bodies, {});
    for (;;) {
      auto exchange = traffic.next();
      if (!*exchange) break;
      use(std::move(**exchange));
    }
  };
  each(format::Bodies::skip, [&](http::Exchange e) { plan.learn(e); });
  Planner planner(plan, options);
  std::vector<RequestPtr> planned;
  const auto keep = [&](std::vector<RequestPtr> some) {
    for (RequestPtr& request : some) planned.push_back(std::move(request));
  };
  for (std::uint32_t pass = 0; pass < options.loop; ++pass) {
    each(format::Bodies::load, [&](http::Exchange e) { keep(planner.take(std::move(e))); });
    keep(planner.end_pass());
  }
  return planned;
}

std::vector<std::string> targets(const std::vector<RequestPtr>& planned) {
  std::vector<std::string> all;
  for (const RequestPtr& request : planned)
    all.emplace_back(http::request_line_of(request->recorded.request.head).target);
  return all;
}

std::vector<Duration> offsets(const std::vector<RequestPtr>& planned) {
  std::vector<Duration> all;
  for (const RequestPtr& request : planned) all.push_back(request->offset);
  return all;
}

}  // namespace

TEST_CASE("due times count from the first selected request") {
  RecordedTraffic traffic;
  traffic.add({1, 100ms, "POST /a HTTP/1.1\r\nHost: a\r\n\r\n"});
  traffic.add({1, 200ms, RecordedTraffic::get("/b")});
  traffic.add({1, 400ms, RecordedTraffic::get("/c")});
  ReplayOptions options;
  options.speed = 2;
  TapePlan plan(options);
  const auto planned = plan_all(options, plan, traffic);
  CHECK(offsets(planned) == std::vector<Duration>{50ms, 150ms});
  CHECK(plan.planned() == 3);
  CHECK(plan.skipped() == Counts{{"method", 1}});
  CHECK(plan.offered_rps() == doctest::Approx(10));
}

TEST_CASE("a rate spaces what can be sent") {
  RecordedTraffic traffic;
  for (int i = 0; i < 4; ++i)
    traffic.add({1, 1s * i * i, i == 1 ? "PUT / HTTP/1.1\r\n\r\n" : RecordedTraffic::get("/")});
  ReplayOptions options;
  options.rate = 100;
  TapePlan plan(options);
  CHECK(offsets(plan_all(options, plan, traffic)) == std::vector<Duration>{0ms, 10ms, 20ms});
}

TEST_CASE("what is left out is counted by reason, first reason first") {
  RecordedTraffic traffic;
  const auto at = [&](Duration when, const std::string& path) -> http::Exchange& {
    return traffic.add({1, when, RecordedTraffic::get(path)});
  };
  at(0s, "/early");
  at(1s, "/a");
  at(2s, "/no");
  at(3s, "/b").flags.set(http::Flag::request_missing);
  at(4s, "/c");
  at(5s, "/d");
  at(7s, "/over");
  at(9s, "/late");
  ReplayOptions options;
  options.range = {time_from_ns(RecordedTraffic::kStart) + 1s, time_from_ns(RecordedTraffic::kStart) + 9s};
  options.filter = *http::Filter::parse("path != \"/no\"");
  options.duration = 5s;
  options.count = 2;
  TapePlan plan(options);
  CHECK(targets(plan_all(options, plan, traffic)) == std::vector<std::string>{"/a", "/c"});
  CHECK(plan.unselected() ==
        Counts{{"count", 1}, {"duration", 1}, {"filter", 1}, {"from", 1}, {"request_missing", 1}, {"to", 1}});
}

TEST_CASE("a request that is not whole is not sent") {
  using http::Flag;
  for (const Flag flag : {Flag::request_truncated, Flag::request_omitted, Flag::request_gap}) {
    RecordedTraffic traffic;
    traffic.add({1, 0s, RecordedTraffic::get("/")}).flags.set(flag);
    ReplayOptions options;
    TapePlan plan(options);
    plan_all(options, plan, traffic);
    CHECK(plan.skipped() == Counts{{"request_truncated", 1}});
  }
  RecordedTraffic traffic;
  traffic.add({1, 0s, "PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell"});
  traffic.add({1, 0s, "PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"});
  ReplayOptions options;
  options.methods = Methods::all;
  TapePlan plan(options);
  CHECK(plan_all(options, plan, traffic).size() == 1);
  CHECK(plan.skipped() == Counts{{"request_truncated", 1}});
}

TEST_CASE("CONNECT and upgraded connections are skipped") {
  RecordedTraffic traffic;
  traffic.add({1, 0s, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"});
  traffic.add({2, 0s, RecordedTraffic::get("/ws", "Upgrade: websocket\r\nConnection: upgrade\r\n")})
      .flags.set(http::Flag::upgraded);
  ReplayOptions options;
  options.methods = Methods::all;
  TapePlan plan(options);
  plan_all(options, plan, traffic);
  CHECK(plan.skipped() == Counts{{"upgrade", 2}});
}

TEST_CASE("the last request of a recorded connection is known") {
  RecordedTraffic traffic;
  for (const std::uint64_t connection : {1u, 2u, 1u, 2u, 1u}) traffic.add({connection, 0s, RecordedTraffic::get("/")});
  ReplayOptions options;
  TapePlan plan(options);
  std::vector<bool> last;
  for (const RequestPtr& request : plan_all(options, plan, traffic)) last.push_back(request->last_in_lane);
  CHECK(last == std::vector<bool>{false, false, false, true, true});
}

TEST_CASE("times that run backwards in a connection: its order holds, due times are clamped and counted") {
  RecordedTraffic traffic;
  traffic.add({1, 0ms, RecordedTraffic::get("/0")});
  traffic.add({1, 10ms, RecordedTraffic::get("/2")}).sequence = 2;
  traffic.add({2, 15ms, RecordedTraffic::get("/other")});
  traffic.add({1, 20ms, RecordedTraffic::get("/1")}).sequence = 1;
  traffic.add({1, 30ms, RecordedTraffic::get("/3")}).sequence = 3;
  ReplayOptions options;
  TapePlan plan(options);
  const auto planned = plan_all(options, plan, traffic);
  CHECK(targets(planned) == std::vector<std::string>{"/0", "/other", "/1", "/2", "/3"});
  CHECK(offsets(planned) == std::vector<Duration>{0ms, 15ms, 20ms, 20ms, 30ms});
}

TEST_CASE("each pass of a loop is later by the span and a mean gap, on connections of its own") {
  RecordedTraffic traffic;
  for (int i = 0; i < 3; ++i) traffic.add({1, 10ms * i, RecordedTraffic::get("/")});
  ReplayOptions options;
  options.loop = 2;
  TapePlan plan(options);
  const auto planned = plan_all(options, plan, traffic);
  CHECK(offsets(planned) == std::vector<Duration>{0ms, 10ms, 20ms, 30ms, 40ms, 50ms});
  CHECK(planned[0]->connection != planned[3]->connection);
  CHECK(planned[2]->last_in_lane);
  CHECK(plan.length() == 50ms);
}

TEST_CASE("with --to each pass of a loop is later by the window") {
  RecordedTraffic traffic;
  traffic.add({1, 0ms, RecordedTraffic::get("/")});
  ReplayOptions options;
  options.loop = 2;
  options.range.to = time_from_ns(RecordedTraffic::kStart) + 1s;
  TapePlan plan(options);
  CHECK(offsets(plan_all(options, plan, traffic)) == std::vector<Duration>{0ms, 1s});
}
