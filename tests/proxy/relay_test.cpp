#include <doctest/doctest.h>

#include "tests/proxy/relay_rig.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
using http::Flag;
using http::Reason;
using proxy::Actions;
using proxy::End;

namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nok";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a request is read, connected, answered, and the connection goes back to the pool") {
  RelayRig rig;
  REQUIRE(rig.client_sends(kGet));
  CHECK(rig.connect == Actions::Connect::any);
  CHECK_FALSE(rig.wants.read_client == false);
  rig.connected();
  CHECK(rig.to_upstream == kGet);
  REQUIRE(rig.upstream_sends(kOk));
  CHECK(rig.to_client == kOk);
  CHECK(rig.release == Actions::Release::keep);
  CHECK(rig.relay.idle());
  CHECK(rig.exchange().status == 200);
}

TEST_CASE("any split of both messages gives the same bytes on the other side and on the tape") {
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n";
  const std::string response =
      "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX-U: "
      "2\r\n\r\n";
  for (std::size_t step = 1; step < request.size(); ++step) {
    RelayRig rig;
    for (std::size_t at = 0; at < request.size(); at += step) {
      REQUIRE(rig.client_sends(request.substr(at, step)));
      if (rig.connect != Actions::Connect::none) rig.connected();
    }
    for (std::size_t at = 0; at < response.size(); at += step) REQUIRE(rig.upstream_sends(response.substr(at, step)));
    CHECK(has(rig.to_upstream, "X-T: 1\r\n\r\n"));
    CHECK(has(rig.to_client, "0\r\nX-U: 2\r\n\r\n"));
    const http::Exchange exchange = rig.exchange();
    CHECK(exchange.request.body.bytes == "abcdefg");
    CHECK(exchange.request.trailers == "X-T: 1\r\n");
    CHECK(exchange.response.body.bytes == "hello world");
    CHECK(exchange.response.trailers == "X-U: 2\r\n");
    CHECK(exchange.flags.has(Flag::request_chunked));
    CHECK(exchange.flags.has(Flag::response_chunked));
    CHECK(exchange.reason == Reason::none);
    CHECK(rig.relay.idle());
  }
}

TEST_CASE("chunks that arrive together leave as one") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.upstream_sends(
      "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n");
  CHECK(rig.to_client == "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
}

TEST_CASE("the client is not read while the upstream is blocked, nor the upstream while the client is") {
  RelayRig rig;
  REQUIRE(rig.client_sends("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
  rig.connected();
  rig.upstream_blocked = true;
  REQUIRE(rig.client_sends(std::string(1000, 'a')));
  CHECK_FALSE(rig.wants.read_client);
  rig.takes(End::upstream, 999);
  CHECK_FALSE(rig.wants.read_client);
  rig.takes(End::upstream, 1);
  CHECK(rig.wants.read_client);
  rig.upstream_blocked = false;
  REQUIRE(rig.client_sends(std::string(99000, 'a')));
  rig.client_blocked = true;
  REQUIRE(rig.upstream_sends("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 100000\r\n\r\nsome"));
  CHECK_FALSE(rig.wants.read_upstream);
  rig.takes(End::client, 1 << 20);
  CHECK(rig.wants.read_upstream);
}

TEST_CASE("pipelined requests wait until the one before is answered") {
  RelayRig rig;
  const std::string two = std::string(kGet) + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(rig.client_sends(two));
  rig.connected();
  CHECK(rig.to_upstream == kGet);
  CHECK(rig.counters.proxied.value() == 1);
  CHECK_FALSE(rig.wants.read_client);
  rig.upstream_sends(kOk);
  CHECK(rig.counters.proxied.value() == 2);
  rig.connected(true);
  CHECK(rig.to_upstream == two);
  rig.upstream_sends(kOk);
  CHECK(rig.to_client == kOk + kOk);
  REQUIRE(rig.recorded().size() == 2);
  CHECK(rig.recorded()[1].sequence == 1);
}

TEST_CASE("the watermark waits for a request that lies in the buffer") {
  RelayRig rig;
  const Time first = rig.now.wall;
  REQUIRE(rig.client_sends("GET / HT"));
  rig.pass(std::chrono::seconds(3));
  REQUIRE(rig.heads.oldest().has_value());
  CHECK(*rig.heads.oldest() == first);
  REQUIRE(rig.client_sends("TP/1.1\r\nHost: a\r\n\r\n"));
  CHECK_FALSE(rig.heads.oldest().has_value());
  rig.connected();
  rig.upstream_sends(kOk);
  CHECK(rig.exchange().request.first == first);
  CHECK(rig.exchange().request.last == rig.now.wall);
}

TEST_CASE("interim responses pass in order, but not to a 1.0 client") {
  for (const bool old : {false, true}) {
    RelayRig rig;
    rig.client_sends(old ? "GET / HTTP/1.0\r\nHost: a\r\n\r\n" : kGet);
    rig.connected();
    rig.upstream_sends("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + kOk);
    CHECK(has(rig.to_client, "103 Early Hints") == !old);
    CHECK(has(rig.to_client, "200 OK"));
    REQUIRE(rig.exchange().interim.size() == 1);
    CHECK(rig.exchange().interim[0] == "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  }
}

TEST_CASE("Expect passes, the body follows the upstream's 100") {
  RelayRig rig;
  rig.client_sends("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  rig.connected();
  CHECK(has(rig.to_upstream, "Expect: 100-continue"));
  rig.upstream_sends("HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(has(rig.to_client, "100 Continue"));
  rig.client_sends("hi");
  rig.upstream_sends(kOk);
  CHECK(rig.exchange().flags.has(Flag::expect_continue));
  CHECK(rig.exchange().request.body.bytes == "hi");
  CHECK(rig.relay.idle());
}

TEST_CASE("responses without a body by rule end with their head") {
  struct Case {
    std::string request, response;
  };
  for (const Case& c :
       {Case{"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 9\r\n\r\n"},
        Case{std::string(kGet), "HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n"},
        Case{std::string(kGet), "HTTP/1.1 304 Not Modified\r\nDate: x\r\nContent-Length: 9\r\n\r\n"}}) {
    RelayRig rig;
    rig.client_sends(c.request);
    rig.connected();
    rig.upstream_sends(c.response);
    CHECK(rig.to_client == c.response);
    CHECK(rig.release == Actions::Release::keep);
    CHECK(rig.relay.idle());
  }
}

TEST_CASE("an answer that runs to the close goes chunked to a 1.1 client, which stays") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.upstream_sends("HTTP/1.1 200 OK\r\nDate: x\r\n\r\nabc");
  rig.upstream_sends("de");
  rig.upstream_ends();
  CHECK(rig.to_client ==
        "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  CHECK(rig.release == Actions::Release::discard);
  CHECK(rig.relay.idle());
  CHECK(rig.exchange().flags.has(Flag::read_to_close));
  CHECK(rig.exchange().reason == Reason::none);
}

TEST_CASE("a 1.0 client gets chunked answers unframed, and the close as their end") {
  RelayRig rig;
  rig.client_sends("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  rig.connected();
  rig.upstream_sends("HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  CHECK(rig.to_client == "HTTP/1.1 200 OK\r\nDate: x\r\nConnection: close\r\n\r\nabc");
  CHECK(rig.client_finished);
  rig.client_ends();
  CHECK(rig.close == Actions::Close::close);
}

TEST_CASE("a 1.0 client that asks for it stays if the answer is measured") {
  RelayRig rig;
  rig.client_sends("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  rig.connected();
  rig.upstream_sends(kOk);
  CHECK(has(rig.to_client, "Connection: keep-alive"));
  CHECK(rig.relay.idle());
}

TEST_CASE("after 101 bytes pass both ways, and half-closes behind them") {
  RelayRig rig;
  rig.client_sends("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  rig.connected();
  rig.upstream_sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
  CHECK(rig.to_client.ends_with("\r\n\r\nfirst"));
  rig.to_upstream.clear();
  REQUIRE(rig.client_sends("ping"));
  CHECK(rig.to_upstream == "ping");
  rig.client_ends();
  CHECK(rig.upstream_finished);
  CHECK(rig.close == Actions::Close::none);
  rig.upstream_sends("bye");
  CHECK(rig.to_client.ends_with("firstbye"));
  rig.upstream_ends();
  CHECK(rig.close == Actions::Close::close);
  CHECK(rig.exchange().flags.has(Flag::upgraded));
  CHECK(rig.exchange().status == 101);
  CHECK(rig.exchange().reason == Reason::none);
}

TEST_CASE("a FIN behind a whole request does not keep the answer away") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.client_ends();
  rig.upstream_sends(kOk);
  CHECK(has(rig.to_client, "Connection: close"));
  CHECK(rig.to_client.ends_with("\r\n\r\nok"));
  CHECK(rig.close == Actions::Close::close);
  CHECK(rig.exchange().reason == Reason::none);
}

TEST_CASE("an early answer says close, and the client lingers") {
  RelayRig rig;
  rig.client_sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  rig.connected();
  rig.upstream_sends("HTTP/1.1 413 Too Large\r\nDate: x\r\nContent-Length: 0\r\n\r\n");
  CHECK(has(rig.to_client, "Connection: close"));
  CHECK(rig.client_finished);
  CHECK(rig.release == Actions::Release::discard);
  CHECK(rig.client_sends("defg"));  // thrown away
  rig.client_ends();
  CHECK(rig.close == Actions::Close::close);
  const http::Exchange exchange = rig.exchange();
  CHECK(exchange.status == 413);
  CHECK(exchange.flags.has(Flag::early_response));
  CHECK(exchange.flags.has(Flag::request_truncated));
  CHECK(exchange.reason == Reason::aborted);
}

TEST_CASE("the last hop of an OPTIONS answers itself") {
  RelayRig rig;
  rig.client_sends("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
  CHECK(rig.connect == Actions::Connect::none);
  CHECK(rig.to_client.starts_with("HTTP/1.1 204 No Content\r\n"));
  CHECK(rig.relay.idle());
  CHECK(rig.exchange().flags.has(Flag::answered_by_proxy));
}

TEST_CASE("POST takes a pooled connection only if it is fresh") {
  RelayRig rig;
  rig.client_sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  CHECK(rig.connect == Actions::Connect::recent);
}

TEST_CASE("the upstream's word on how long it keeps a connection counts, less a second") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.upstream_sends("HTTP/1.1 200 OK\r\nDate: x\r\nKeep-Alive: timeout=3, max=7\r\nContent-Length: 0\r\n\r\n");
  CHECK(rig.release == Actions::Release::keep);
}

TEST_CASE("a connection is not used again if bytes follow the answer") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.upstream_sends(kOk + "HTTP/1.1 200 OK\r\n");
  CHECK(rig.to_client == kOk);
  CHECK(rig.release == Actions::Release::discard);
  CHECK(rig.relay.idle());
}

TEST_CASE("while the proxy drains, answers say close") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.tell({.kind = proxy::Input::Kind::draining});
  rig.upstream_sends(kOk);
  CHECK(has(rig.to_client, "Connection: close"));
  CHECK(rig.client_finished);
}
