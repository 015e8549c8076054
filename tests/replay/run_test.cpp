#include "replay/run.hpp"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "tests/support/recorded_traffic.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::replay;
using test::RecordedTraffic;
using test::ScriptedServer;

namespace {

ReplayOptions options_for(const http::Origin& target) {
  ReplayOptions options;
  options.target = target;
  options.speed = 1000;
  options.open_ahead = 20ms;
  options.timeout = 20s;  // a loaded machine is no reason to fail
  return options;
}

Result<ReplayResult> replay_all(RecordedTraffic& traffic, const ReplayOptions& options, std::stop_token stop = {}) {
  auto result = Run(options, traffic, system_clock(), {}).go(stop);
  return result;
}

/// The four sums of the contract.
void check_sums(const ReplayResult& result) {
  CHECK(result.planned == result.sent + total(result.skipped));
  CHECK(result.sent == result.answered + total(result.failed));
  CHECK(result.sent == result.on_time + total(result.late));
  CHECK(result.answered == result.comparison.compared() + total(result.comparison.not_compared()));
  CHECK(result.comparison.compared() == result.comparison.identical() + result.comparison.different());
}

}  // namespace

TEST_CASE("what was recorded goes out byte for byte, and equal answers are identical") {
  ScriptedServer server;
  RecordedTraffic traffic;
  traffic.add(
      {1, 0ms, "GET /a?b=%20c HTTP/1.1\r\nhOST:  shop.example\r\nX-Odd: \t1 \r\nConnection: keep-alive\r\n\r\n"});
  traffic.add({1, 10ms, RecordedTraffic::get("/b")});
  const auto result = replay_all(traffic, options_for(server.origin()));
  REQUIRE(result.has_value());
  check_sums(*result);
  CHECK(result->answered == 2);
  CHECK(result->comparison.identical() == 2);
  std::set<std::string> got, wanted;  // two connections may be answered in any order
  for (const auto& request : server.requests()) got.insert(request.bytes);
  for (const auto& exchange : traffic.exchanges()) wanted.insert(exchange.request.head);
  CHECK(got == wanted);
}

TEST_CASE("a recorded connection becomes a live one, and its requests keep their order") {
  ScriptedServer server;
  RecordedTraffic traffic;
  for (int i = 0; i < 100; ++i)
    traffic.add({1 + static_cast<std::uint64_t>(i % 5), 10ms * i, RecordedTraffic::get("/" + std::to_string(i))});
  ReplayOptions options = options_for(server.origin());
  options.speed = 20;
  const auto result = replay_all(traffic, options);
  REQUIRE(result.has_value());
  check_sums(*result);
  CHECK(result->answered == 100);
  std::map<std::size_t, std::vector<int>> by_connection;
  for (const auto& request : server.requests())
    by_connection[request.connection].push_back(std::stoi(request.bytes.substr(5)));
  for (const auto& of_connection : by_connection) {
    const std::vector<int>& numbers = of_connection.second;
    CHECK(std::ranges::is_sorted(numbers));
    CHECK(std::ranges::all_of(numbers, [&](int n) { return n % 5 == numbers.front() % 5; }));
  }
}

TEST_CASE("a body recorded in chunks goes out in chunks, one with a length as it was") {
  ScriptedServer server;
  RecordedTraffic traffic;
  traffic.add({1, 0ms, "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nhello world"});
  traffic.add({1, 10ms, "POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"});
  traffic.add({1, 20ms, "POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"});
  ReplayOptions options = options_for(server.origin());
  options.methods = Methods::all;
  const auto result = replay_all(traffic, options);
  REQUIRE(result.has_value());
  CHECK(result->answered == 3);
  std::set<std::string> got;  // the connections may be answered in any order
  for (const auto& request : server.requests()) got.insert(request.bytes);
  CHECK(got == std::set<std::string>{
                   "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
                   "POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
                   "POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"});
}

TEST_CASE("methods that change something are skipped unless asked for, and counted") {
  ScriptedServer server;
  RecordedTraffic traffic;
  traffic.add({1, 0ms, RecordedTraffic::get("/")});
  traffic.add({1, 1ms, "DELETE /a HTTP/1.1\r\nHost: a\r\n\r\n"});
  const auto result = replay_all(traffic, options_for(server.origin()));
  REQUIRE(result.has_value());
  check_sums(*result);
  CHECK(result->skipped == Counts{{"method", 1}});
  CHECK(server.requests().size() == 1);
}

TEST_CASE("whatever the target does, each request ends in one state") {
  using Then = ScriptedServer::Then;
  ScriptedServer server([](const ScriptedServer::Request& request) -> ScriptedServer::Reply {
    const auto asked = [&](std::string_view path) { return request.bytes.find(path) != std::string::npos; };
    if (asked("/reset")) return {"", Then::reset};
    if (asked("/garbage")) return {"SSH-2.0-OpenSSH_9\r\n\r\n", Then::keep};
    if (asked("/half")) return {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", Then::close};
    if (asked("/stall")) return {"HTTP/1.1 200 OK\r\n", Then::hang};
    if (asked("/closes")) return {"HTTP/1.1 200 OK\r\n\r\nok", Then::close};
    if (asked("/interim"))
      return {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
              Then::keep};
    if (asked("/excess")) return {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokextra", Then::keep};
    return {};
  });
  RecordedTraffic traffic;
  for (const char* path : {"/reset", "/garbage", "/half", "/stall", "/closes", "/interim", "/excess", "/fine"}) {
    const auto connection = static_cast<std::uint64_t>(path[1]) * 7 + static_cast<std::uint64_t>(path[2]);
    traffic.add({connection, 1ms, RecordedTraffic::get(path)});
    traffic.add({connection, 60ms, RecordedTraffic::get("/after")});
  }
  ReplayOptions options = options_for(server.origin());
  options.speed = 1;
  options.timeout = 3s;
  const auto result = replay_all(traffic, options);
  REQUIRE(result.has_value());
  check_sums(*result);
  CHECK(result->answered == 12);
  CHECK(result->failed == Counts{{"closed_early", 1}, {"malformed", 1}, {"reset", 1}, {"timeout", 1}});
  CHECK(result->comparison.no_answer() == 4);
}

TEST_CASE("a target that cannot be reached is an error before anything is sent, and names it") {
  RecordedTraffic traffic;
  traffic.add({1, 0ms, RecordedTraffic::get("/")});
  const http::Origin dead = test::dead_origin();
  const auto result = replay_all(traffic, options_for(dead));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find(dead.text()) != std::string::npos);
}

TEST_CASE("the recorded system itself is refused, unless it is insisted on") {
  ScriptedServer server;
  RecordedTraffic traffic;
  traffic.add({1, 0ms, "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.origin().port) + "\r\n\r\n"});
  ReplayOptions options = options_for(server.origin());
  REQUIRE_FALSE(replay_all(traffic, options).has_value());
  CHECK(server.requests().empty());
  options.allow_recorded_host = true;
  CHECK(replay_all(traffic, options).has_value());
  CHECK(server.requests().size() == 1);
}

TEST_CASE("closed loop: everything goes as fast as the answers come, and says so") {
  ScriptedServer server;
  RecordedTraffic traffic;
  for (int i = 0; i < 50; ++i)
    traffic.add({1 + static_cast<std::uint64_t>(i % 3), 1h * i, RecordedTraffic::get("/" + std::to_string(i))});
  ReplayOptions options = options_for(server.origin());
  options.asap = true;
  options.max_in_flight = 2;
  const auto result = replay_all(traffic, options);
  REQUIRE(result.has_value());
  check_sums(*result);
  CHECK(result->answered == 50);
  CHECK_FALSE(result->latency_from_due);
  CHECK(result->overflow_connections == 0);
}

TEST_CASE("pool and per-request use as many connections as they say") {
  RecordedTraffic traffic;
  for (int i = 0; i < 10; ++i) traffic.add({static_cast<std::uint64_t>(1 + i), 10ms * i, RecordedTraffic::get("/")});
  {
    ScriptedServer server;
    ReplayOptions options = options_for(server.origin());
    options.connections = ConnectionMode::pool;
    options.pool_size = 2;
    const auto result = replay_all(traffic, options);
    REQUIRE(result.has_value());
    check_sums(*result);
    CHECK(result->answered == 10);
    CHECK(server.connections() == 3);  // one was tried before the run
  }
  ScriptedServer server;
  ReplayOptions options = options_for(server.origin());
  options.connections = ConnectionMode::per_request;
  const auto result = replay_all(traffic, options);
  REQUIRE(result.has_value());
  check_sums(*result);
  CHECK(result->answered == 10);
  CHECK(server.connections() == 11);
}

TEST_CASE("several workers send the same requests as one") {
  ScriptedServer server;
  RecordedTraffic traffic;
  for (int i = 0; i < 60; ++i)
    traffic.add({1 + static_cast<std::uint64_t>(i % 6), 1ms * i, RecordedTraffic::get("/" + std::to_string(i))});
  ReplayOptions options = options_for(server.origin());
  options.workers = 3;
  options.loop = 2;
  const auto result = replay_all(traffic, options);
  REQUIRE(result.has_value());
  check_sums(*result);
  CHECK(result->planned == 120);
  for (const auto& failed : result->failed) CHECK_MESSAGE(failed.second == 0, failed.first);
  for (const auto& skipped : result->skipped) CHECK_MESSAGE(skipped.second == 0, skipped.first);
  CHECK(result->answered == 120);
  CHECK(server.requests().size() == 120);
}

TEST_CASE("a run that is stopped is partial, and what was not sent is counted") {
  ScriptedServer server;
  RecordedTraffic traffic;
  traffic.add({1, 0ms, RecordedTraffic::get("/")});
  for (int i = 0; i < 5; ++i) traffic.add({1, 1h + 1ms * i, RecordedTraffic::get("/")});
  traffic.add({1, 2h, "POST / HTTP/1.1\r\nHost: a\r\n\r\n"});
  ReplayOptions options = options_for(server.origin());
  options.speed = 1;
  std::stop_source source;
  const ProgressSink stop_after_first = [&](const Progress& progress) {
    if (progress.answered == 1) source.request_stop();
  };
  const auto result = Run(options, traffic, system_clock(), stop_after_first).go(source.get_token());
  REQUIRE(result.has_value());
  check_sums(*result);
  CHECK(result->partial);
  CHECK(result->planned == 7);
  CHECK(result->sent == 1);
  CHECK(result->skipped == Counts{{"method", 1}, {"stopped", 5}});
}

TEST_CASE("nothing selected is an error") {
  ScriptedServer server;
  RecordedTraffic traffic;
  traffic.add({1, 0ms, RecordedTraffic::get("/")});
  ReplayOptions options = options_for(server.origin());
  options.filter = *http::Filter::parse("path == \"/other\"");
  CHECK_FALSE(replay_all(traffic, options).has_value());
}

TEST_CASE("without comparison every answer says so, and the verdict is open") {
  ScriptedServer server;
  RecordedTraffic traffic;
  traffic.add({1, 0ms, RecordedTraffic::get("/")});
  ReplayOptions options = options_for(server.origin());
  options.compare = diff::Compare::off;
  const auto result = replay_all(traffic, options);
  REQUIRE(result.has_value());
  check_sums(*result);
  CHECK(result->comparison.not_compared().at("comparison_off") == 1);
  CHECK_FALSE(result->conclusion.verdict.has_value());
}

TEST_CASE("a large request is written as the target takes it, a large answer read whole") {
  const std::string body(3'000'000, 'x');
  ScriptedServer server([&](const ScriptedServer::Request&) {
    return ScriptedServer::Reply{"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body,
                                 ScriptedServer::Then::keep};
  });
  RecordedTraffic traffic;
  traffic.add({1, 0ms, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + body,
               "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body});
  ReplayOptions options = options_for(server.origin());
  options.methods = Methods::all;
  const auto result = replay_all(traffic, options);
  REQUIRE(result.has_value());
  CHECK(result->comparison.identical() == 1);
  CHECK(server.requests().front().bytes.size() > body.size());
}

TEST_CASE("saved answers come to the sink as whole exchanges under the recorded connection and sequence") {
  struct Sink final : http::ExchangeSink {
    void take(const http::ExchangePart& part) noexcept override {
      if (const auto* begin = std::get_if<http::BeginPart>(&part.content))
        text += "begin " + std::to_string(begin->connection->number) + "/" + std::to_string(begin->sequence);
      if (const auto* head = std::get_if<http::HeadPart>(&part.content))
        text += head->side == http::Side::request ? " request" : " response " + std::to_string(head->status);
      if (const auto* body = std::get_if<http::BodyPart>(&part.content))
        text += " " + std::string(as_text(body->bytes));
      if (std::holds_alternative<http::EndPart>(part.content)) text += " end\n";
    }
    void lost(const http::Loss&) noexcept override {}
    void advance(Time) noexcept override { ++advances; }
    std::string text;
    int advances = 0;
  };
  ScriptedServer server([](const ScriptedServer::Request&) {
    return ScriptedServer::Reply{"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnew\r\n0\r\n\r\n",
                                 ScriptedServer::Then::keep};
  });
  RecordedTraffic traffic;
  traffic.add({5, 0ms, RecordedTraffic::get("/a")});
  traffic.add({5, 10ms, RecordedTraffic::get("/b")});
  Sink sink;
  ReplayOptions options = options_for(server.origin());
  options.save = &sink;
  options.asap = true;  // one after the other
  REQUIRE(replay_all(traffic, options).has_value());
  CHECK(sink.text == "begin 5/0 request response 404 new end\nbegin 5/1 request response 404 new end\n");
  CHECK(sink.advances == 2);
}
