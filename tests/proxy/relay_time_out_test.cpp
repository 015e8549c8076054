#include <doctest/doctest.h>

#include "tests/proxy/relay_rig.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
using namespace std::chrono_literals;
using http::Flag;
using http::Reason;
using proxy::Actions;
using proxy::Input;

namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";

// Nothing happens just before, something at the limit.
void wait_for(RelayRig& rig, Duration limit) {
  REQUIRE(rig.wants.deadline.has_value());
  const std::string before = rig.to_client;
  rig.due_after(limit - 1ms);
  REQUIRE(rig.to_client == before);
  REQUIRE_FALSE(rig.relay.closed());
  rig.due_after(1ms);
}

}  // namespace

TEST_CASE("client_idle: a silent client is closed without a word") {
  RelayRig rig;
  wait_for(rig, rig.time_outs.client_idle);
  CHECK(rig.close == Actions::Close::close);
  CHECK(rig.to_client.empty());
}

TEST_CASE("client_head: 408, however often a byte comes") {
  RelayRig rig;
  rig.client_sends("G");
  for (int i = 0; i < 9; ++i) {
    rig.pass(1s);
    rig.client_sends("E");
  }
  wait_for(rig, 1s);
  CHECK(rig.to_client.starts_with("HTTP/1.1 408"));
  CHECK(rig.client_finished);
}

TEST_CASE("client_body: 408, the upstream connection is closed") {
  RelayRig rig;
  rig.client_sends(kPost);
  rig.connected();
  for (int i = 0; i < 3; ++i) {
    rig.client_sends(std::string(30000, 'x'));
    rig.due_after(30s);
  }
  rig.client_sends("x");
  rig.due_after(29s);
  CHECK(rig.to_client.empty());
  rig.due_after(31s);
  CHECK(rig.to_client.starts_with("HTTP/1.1 408"));
  CHECK(rig.release == Actions::Release::discard);
  CHECK(rig.exchange().flags.has(Flag::client_aborted));
  CHECK(rig.exchange().reason == Reason::aborted);
}

TEST_CASE("client_body: a body that drips is too slow") {
  RelayRig rig;
  rig.client_sends(kPost);
  rig.connected();
  for (int i = 0; i < 29; ++i) {
    rig.due_after(1s);
    rig.client_sends(std::string(100, 'x'));
  }
  CHECK(rig.to_client.empty());
  rig.due_after(1s);
  CHECK(rig.to_client.starts_with("HTTP/1.1 408"));
}

TEST_CASE("client_write: a client that takes nothing is reset") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.client_blocked = true;
  rig.upstream_sends("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 9\r\n\r\nabc");
  wait_for(rig, rig.time_outs.client_write);
  CHECK(rig.close == Actions::Close::abort);
  CHECK(rig.exchange().flags.has(Flag::client_aborted));
}

TEST_CASE("upstream_connect: 504") {
  RelayRig rig;
  rig.client_sends(kGet);
  wait_for(rig, rig.time_outs.upstream_connect);
  CHECK(rig.to_client.starts_with("HTTP/1.1 504"));
  CHECK(rig.release == Actions::Release::discard);
  CHECK(rig.exchange().flags.has(Flag::upstream_timeout));
  CHECK(rig.exchange().flags.has(Flag::upstream_unreachable));
}

TEST_CASE("upstream_first_byte: 504, counted from the request sent") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  wait_for(rig, rig.time_outs.upstream_first_byte);
  CHECK(rig.to_client.starts_with("HTTP/1.1 504"));
  CHECK(rig.exchange().flags.has(Flag::upstream_timeout));
  CHECK(rig.exchange().reason == Reason::none);
}

TEST_CASE("upstream_idle: silence inside an answer ends in a reset") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.upstream_sends("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 9\r\n\r\nabc");
  wait_for(rig, rig.time_outs.upstream_idle);
  CHECK(rig.close == Actions::Close::abort);
  CHECK(rig.exchange().flags.has(Flag::upstream_timeout));
  CHECK(rig.exchange().flags.has(Flag::response_truncated));
  CHECK(rig.exchange().reason == Reason::aborted);
}

TEST_CASE("upstream_idle: an upstream that takes nothing of the request: 504") {
  RelayRig rig;
  rig.client_sends(kPost);
  rig.connected();
  rig.upstream_blocked = true;
  rig.client_sends("abc");
  wait_for(rig, rig.time_outs.upstream_idle);
  CHECK(rig.to_client.starts_with("HTTP/1.1 504"));
}

TEST_CASE("tunnel_idle: silence both ways closes a tunnel") {
  RelayRig rig;
  rig.client_sends("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  rig.connected();
  rig.upstream_sends("HTTP/1.1 101 Ok\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  rig.pass(30min);
  rig.client_sends("x");
  wait_for(rig, rig.time_outs.tunnel_idle);
  CHECK(rig.relay.closed());
}

TEST_CASE("a client that lingers is closed after 2 s") {
  RelayRig rig;
  rig.client_sends("nonsense\r\n\r\n");
  REQUIRE(rig.client_finished);
  wait_for(rig, 2s);
  CHECK(rig.relay.closed());
}

TEST_CASE("an idle client may send one more request for 5 s of a drain") {
  RelayRig rig;
  rig.tell({.kind = Input::Kind::draining});
  wait_for(rig, 5s);
  CHECK(rig.close == Actions::Close::close);
}
