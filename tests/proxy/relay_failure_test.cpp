#include <doctest/doctest.h>

#include "tests/proxy/relay_rig.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
using http::Flag;
using http::Reason;
using proxy::Actions;
using proxy::ConnectFailure;
using proxy::End;
using proxy::Input;

namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nok";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// An answer of the proxy's own, after which the client may go on.
void check_answered(RelayRig& rig, std::string_view status, Flag flag) {
  CHECK(rig.to_client.starts_with("HTTP/1.1 " + std::string(status)));
  CHECK(has(rig.to_client, "Proxy-Status: tapedeck; error="));
  const http::Exchange exchange = rig.exchange();
  CHECK(exchange.status == 0);
  CHECK(exchange.flags.has(flag));
  CHECK(exchange.flags.has(Flag::answered_by_proxy));
  CHECK(exchange.flags.has(Flag::response_missing));
}

}  // namespace

TEST_CASE("no connection: 502, recorded without a response, and the client stays") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connect_fails(ConnectFailure::refused);
  check_answered(rig, "502", Flag::upstream_unreachable);
  CHECK(rig.exchange().reason == Reason::none);
  CHECK(rig.relay.idle());
  rig.client_sends(kGet);
  rig.connected();
  rig.upstream_sends(kOk);
  CHECK(rig.to_client.ends_with(kOk));
}

TEST_CASE("no address: 503") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connect_fails(ConnectFailure::no_address);
  check_answered(rig, "503", Flag::upstream_unreachable);
}

TEST_CASE("a 502 for a HEAD has no body") {
  RelayRig rig;
  rig.client_sends("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  rig.connect_fails(ConnectFailure::refused);
  CHECK(rig.to_client.ends_with("\r\n\r\n"));
}

TEST_CASE("no connection for a request that is still coming: 502, and the client lingers") {
  RelayRig rig;
  rig.client_sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  rig.connect_fails(ConnectFailure::refused);
  check_answered(rig, "502", Flag::upstream_unreachable);
  CHECK(has(rig.to_client, "Connection: close"));
  CHECK(rig.client_finished);
  CHECK(rig.exchange().flags.has(Flag::request_truncated));
  CHECK(rig.exchange().reason == Reason::aborted);
}

TEST_CASE("a new connection that closes without an answer: 502, no second try") {
  for (const bool fin : {true, false}) {
    RelayRig rig;
    rig.client_sends(kGet);
    rig.connected();
    fin ? rig.upstream_ends() : rig.upstream_breaks();
    CHECK(rig.connect == Actions::Connect::none);
    check_answered(rig, "502", Flag::upstream_aborted);
  }
}

TEST_CASE("a pooled connection that closes without an answer: the request goes out again, once") {
  RelayRig rig;
  const std::string request = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  rig.client_sends(request);
  rig.connected(true);
  CHECK(rig.to_upstream == request);
  rig.upstream_breaks();
  CHECK(rig.release == Actions::Release::discard);
  CHECK(rig.connect == Actions::Connect::fresh);
  rig.connected();
  CHECK(rig.to_upstream == request + request);
  rig.upstream_sends(kOk);
  CHECK(rig.to_client == kOk);
  CHECK(rig.counters.upstream_retries.value() == 1);
  CHECK(rig.exchange().request.body.bytes == "abc");
  CHECK(rig.exchange().reason == Reason::none);
}

TEST_CASE("the second try is the last") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected(true);
  rig.upstream_ends();
  rig.connected();
  rig.upstream_ends();
  check_answered(rig, "502", Flag::upstream_aborted);
}

TEST_CASE("no second try for a POST, for a body that is gone, or once an answer began") {
  SUBCASE("POST") {
    RelayRig rig;
    rig.client_sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    rig.connected(true);
    rig.upstream_ends();
    check_answered(rig, "502", Flag::upstream_aborted);
  }
  SUBCASE("body in pieces") {
    RelayRig rig;
    rig.client_sends("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    rig.connected(true);
    rig.client_sends("cd");
    rig.upstream_ends();
    check_answered(rig, "502", Flag::upstream_aborted);
  }
  SUBCASE("a byte came") {
    RelayRig rig;
    rig.client_sends(kGet);
    rig.connected(true);
    rig.upstream_sends("H");
    rig.upstream_ends();
    check_answered(rig, "502", Flag::upstream_aborted);
  }
}

TEST_CASE("an upstream that takes no more of the request may still have said why") {
  RelayRig rig;
  rig.client_sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  rig.connected();
  rig.upstream_blocked = true;
  rig.client_sends("def");
  rig.tell({.kind = Input::Kind::write_failed, .end = End::upstream});
  CHECK_FALSE(rig.wants.write_upstream);
  REQUIRE(rig.upstream_sends("HTTP/1.1 401 No\r\nDate: x\r\nContent-Length: 0\r\n\r\n"));
  CHECK(has(rig.to_client, "401 No"));
  CHECK(rig.client_finished);
}

TEST_CASE("a broken answer that nobody has seen yet becomes a 502") {
  for (const std::string& bad :
       {std::string("HTTP/2 what\r\n\r\n"), std::string("HTTP/1.1 200 OK\nA: b\n\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), std::string("HTTP/1.1 101 Nobody asked\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    RelayRig rig;
    rig.client_sends(kGet);
    rig.connected();
    rig.upstream_sends(bad);
    CHECK(rig.to_client.starts_with("HTTP/1.1 502 "));
    CHECK_FALSE(has(rig.to_client, "200 OK"));
    CHECK(rig.release == Actions::Release::discard);
    CHECK(rig.exchange().reason == Reason::parse_error);
    CHECK(rig.exchange().flags.has(Flag::malformed));
    CHECK_FALSE(rig.exchange().rules.empty());
    CHECK(rig.relay.idle());
  }
}

TEST_CASE("an answer that breaks off or turns bad on its way ends in a reset, never in a last chunk") {
  for (const int how : {0, 1, 2}) {
    RelayRig rig;
    rig.client_sends(kGet);
    rig.connected();
    rig.upstream_sends("HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    if (how == 0) rig.upstream_ends();
    if (how == 1) rig.upstream_breaks();
    if (how == 2) rig.upstream_sends("nonsense\r\n");
    CHECK(rig.close == Actions::Close::abort);
    CHECK_FALSE(has(rig.to_client, "0\r\n\r\n"));
    const http::Exchange exchange = rig.exchange();
    CHECK(exchange.status == 200);
    CHECK(exchange.response.body.bytes == "abc");
    CHECK(exchange.flags.has(Flag::response_truncated));
    CHECK(exchange.reason == (how == 2 ? Reason::parse_error : Reason::aborted));
  }
}

TEST_CASE("a reset ends an answer that runs to the close: it is not whole") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.upstream_sends("HTTP/1.1 200 OK\r\nDate: x\r\n\r\nabc");
  rig.upstream_breaks();
  CHECK(rig.close == Actions::Close::abort);
  CHECK(rig.exchange().flags.has(Flag::response_truncated));
}

TEST_CASE("requests against the rules are answered, counted, and never reach the upstream") {
  struct Case {
    std::string request, status;
  };
  for (const Case& c : {Case{"GET / HTTP/1.1\r\n\r\n", "400"}, Case{"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "405"},
                        Case{"GET /" + std::string(20000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
                        Case{"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(40000, 'x') + "\r\n\r\n", "431"},
                        Case{"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
                        Case{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"}}) {
    RelayRig rig;
    rig.client_sends(c.request);
    CHECK(rig.to_client.starts_with("HTTP/1.1 " + c.status));
    CHECK(has(rig.to_client, "Connection: close"));
    CHECK(rig.client_finished);
    CHECK(rig.connect == Actions::Connect::none);
    CHECK(rig.counters.refused.value() == 1);
    CHECK(rig.counters.proxied.value() == 0);
    CHECK(rig.recorded().empty());
  }
}

TEST_CASE("a body against the rules ends the upstream connection, so that the request never completes there") {
  RelayRig rig;
  rig.client_sends("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  rig.connected();
  rig.client_sends("zz\r\n");
  CHECK(rig.release == Actions::Release::discard);
  CHECK(rig.to_client.starts_with("HTTP/1.1 400"));
  CHECK_FALSE(has(rig.to_upstream, "0\r\n\r\n"));
  CHECK(rig.exchange().reason == Reason::parse_error);
  CHECK(rig.exchange().request.body.bytes == "abc");
  CHECK(rig.client_finished);
}

TEST_CASE("a client that goes away inside its request, or before the answer is whole, stops the upstream") {
  SUBCASE("FIN in the body") {
    RelayRig rig;
    rig.client_sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    rig.connected();
    rig.client_ends();
    CHECK(rig.release == Actions::Release::discard);
    CHECK(rig.exchange().flags.has(Flag::client_aborted));
    CHECK(rig.exchange().flags.has(Flag::request_truncated));
    CHECK(rig.exchange().reason == Reason::aborted);
  }
  SUBCASE("reset while the upstream works") {
    RelayRig rig;
    rig.client_sends(kGet);
    rig.connected();
    rig.client_breaks();
    CHECK(rig.release == Actions::Release::discard);
    CHECK(rig.exchange().flags.has(Flag::client_aborted));
    CHECK(rig.exchange().reason == Reason::aborted);
  }
  SUBCASE("write error inside the answer") {
    RelayRig rig;
    rig.client_sends(kGet);
    rig.connected();
    rig.client_blocked = true;
    rig.upstream_sends("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 9\r\n\r\nabc");
    rig.tell({.kind = Input::Kind::write_failed, .end = End::client});
    CHECK(rig.exchange().flags.has(Flag::response_truncated));
    CHECK(rig.exchange().response.body.bytes == "abc");
    CHECK(rig.exchange().reason == Reason::aborted);
  }
  SUBCASE("while connecting") {
    RelayRig rig;
    rig.client_sends(kGet);
    rig.client_breaks();
    CHECK(rig.release == Actions::Release::discard);
    CHECK(rig.exchange().reason == Reason::aborted);
  }
}

TEST_CASE("a client that goes away when all was received leaves a whole exchange") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.client_blocked = true;
  rig.upstream_sends(kOk);
  rig.tell({.kind = Input::Kind::write_failed, .end = End::client});
  CHECK(rig.exchange().flags.has(Flag::client_aborted));
  CHECK(rig.exchange().reason == Reason::none);
}

TEST_CASE("a head that never becomes whole is no exchange") {
  RelayRig rig;
  rig.client_sends("GET / HTTP/1.1\r\nHos");
  rig.client_ends();
  CHECK(rig.close == Actions::Close::close);
  CHECK(rig.recorded().empty());
  CHECK(rig.counters.proxied.value() == 0);
  CHECK_FALSE(rig.heads.oldest().has_value());
}

TEST_CASE("what is under way when the proxy stops is cut off") {
  RelayRig rig;
  rig.client_sends(kGet);
  rig.connected();
  rig.tell({.kind = Input::Kind::cut});
  CHECK(rig.relay.closed());
  CHECK(rig.exchange().flags.has(Flag::cut_off));
  CHECK(rig.exchange().reason == Reason::cut_off);
}
