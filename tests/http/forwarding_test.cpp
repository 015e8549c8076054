#include "http/forwarding.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "http/parser.hpp"

using namespace tapedeck;
using namespace tapedeck::http;

namespace {

struct Sent {
  std::string head;
  Rebuilt rebuilt;
};

ForwardPolicy quiet() {
  ForwardPolicy policy;
  policy.forwarded = ForwardedHeaders::off;
  policy.upstream_authority = "origin:8080";
  return policy;
}

/// How a proxy forwards `request`, the head alone.
Sent request(std::string_view bytes, const ForwardPolicy& policy = quiet(), const Hop& hop = {"192.0.2.7", "http"}) {
  FieldTable table;
  const auto limits = strict_request_limits();
  MessageParser parser(Side::request, Mode::strict, limits, table);
  REQUIRE(parser.next(as_bytes(bytes)).step == Step::head);
  Sent sent;
  sent.rebuilt = rebuild_request(parser.head(), parser.framing(), parser.content_length(), hop, policy, sent.head);
  return sent;
}

struct Client {
  RequestFacts facts;
  bool stays = true;
  std::string_view date = "";
};

Sent response(std::string_view bytes, const Client& client = {}) {
  FieldTable table;
  const auto limits = strict_response_limits();
  MessageParser parser(Side::response, Mode::strict, limits, table);
  parser.answers(client.facts);
  REQUIRE(parser.next(as_bytes(bytes)).step == Step::head);
  Sent sent;
  sent.rebuilt = rebuild_response(parser.head(), parser.framing(), parser.content_length(), client.facts, client.stays,
                                  client.date, sent.head);
  return sent;
}

Client old_client(bool stays) {
  Client client;
  client.facts.version = Version::http_1_0;
  client.stays = stays;
  return client;
}

}  // namespace

TEST_CASE("forwarding: names keep order and spelling, outer whitespace goes, values stay as they are") {
  CHECK(request("GET /a%2F..?x=1 HTTP/1.1\r\nhOST:shop.test\r\nX-b:  two  words \t\r\nAccept:\r\n\r\n").head ==
        "GET /a%2F..?x=1 HTTP/1.1\r\nhOST: shop.test\r\nX-b: two  words\r\nAccept: \r\n\r\n");
}

TEST_CASE("forwarding: hop-by-hop fields go, and what Connection names") {
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Private\r\nKeep-Alive: 5\r\nX-Private: 1\r\n"
                "Proxy-Connection: close\r\nHTTP2-Settings: AAM\r\nUpgrade: h2c\r\nTE: gzip\r\nX-Public: 2\r\n\r\n")
            .head == "GET / HTTP/1.1\r\nHost: h\r\nX-Public: 2\r\n\r\n");
}

TEST_CASE("forwarding: `TE: trailers` is issued anew") {
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\nTE: gzip, trailers\r\nConnection: TE\r\n\r\n").head ==
        "GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
}

TEST_CASE("forwarding: one framing field takes the old one's place") {
  const auto measured = request("POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 0012\r\nA: b\r\n\r\n");
  CHECK(measured.head == "POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 12\r\nA: b\r\n\r\n");
  CHECK(measured.rebuilt.body == BodyOut::length);
  const auto chunked = request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nTrailer: X\r\n\r\n");
  CHECK(chunked.head == "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n");
  CHECK(chunked.rebuilt.body == BodyOut::chunked);
}

TEST_CASE("forwarding: an absolute target gives the Host and leaves its path") {
  CHECK(request("GET HTTP://shop.test:81/a?b HTTP/1.1\r\nA: b\r\nHost: other\r\n\r\n").head ==
        "GET /a?b HTTP/1.1\r\nA: b\r\nHost: shop.test:81\r\n\r\n");
  CHECK(request("GET http://shop.test HTTP/1.1\r\nHost: x\r\n\r\n").head ==
        "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  CHECK(request("GET http://shop.test?q HTTP/1.1\r\nHost: x\r\n\r\n").head ==
        "GET /?q HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  CHECK(request("OPTIONS https://shop.test HTTP/1.1\r\nHost: x\r\n\r\n").head ==
        "OPTIONS * HTTP/1.1\r\nHost: shop.test\r\n\r\n");
}

TEST_CASE("forwarding: Host can be the upstream's own") {
  auto policy = quiet();
  policy.host = HostHeader::target;
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\n\r\n", policy).head == "GET / HTTP/1.1\r\nHost: origin:8080\r\n\r\n");
}

TEST_CASE("forwarding: a 1.0 request goes out as 1.1, with the upstream's Host if it has none, without Expect") {
  CHECK(request("GET / HTTP/1.0\r\nExpect: 100-continue\r\nConnection: keep-alive\r\n\r\n").head ==
        "GET / HTTP/1.1\r\nHost: origin:8080\r\n\r\n");
  CHECK(request("GET / HTTP/1.0\r\nHost: own\r\n\r\n").head == "GET / HTTP/1.1\r\nHost: own\r\n\r\n");
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n").head ==
        "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n");
}

TEST_CASE("forwarding: append adds the peer and what a load balancer did not say") {
  ForwardPolicy policy;
  CHECK(request("GET / HTTP/1.1\r\nHost: h:81\r\n\r\n", policy, {"192.0.2.7", "https"}).head ==
        "GET / HTTP/1.1\r\nHost: h:81\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: h:81\r\n\r\n");
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\nx-forwarded-for: 10.0.0.2\r\n"
                "X-Forwarded-Proto: https\r\nX-Forwarded-Host: www\r\n\r\n",
                policy)
            .head ==
        "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\nx-forwarded-for: 10.0.0.2, 192.0.2.7\r\n"
        "X-Forwarded-Proto: https\r\nX-Forwarded-Host: www\r\n\r\n");
}

TEST_CASE("forwarding: append adds an element to a Forwarded field that is there") {
  ForwardPolicy policy;
  const std::string_view x = "X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h:8\r\n\r\n";
  CHECK(
      request("GET / HTTP/1.1\r\nHost: h:8\r\nForwarded: for=10.0.0.1\r\n\r\n", policy, {"2001:db8::1", "http"}).head ==
      "GET / HTTP/1.1\r\nHost: h:8\r\n"
      "Forwarded: for=10.0.0.1, for=\"[2001:db8::1]\";proto=http;host=\"h:8\"\r\n" +
          std::string(x));
}

TEST_CASE("forwarding: replace forgets what the client claimed") {
  ForwardPolicy policy;
  policy.forwarded = ForwardedHeaders::replace;
  CHECK(request("GET / HTTP/1.1\r\nForwarded: for=1.1.1.1\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Host: evil\r\n"
                "X-Forwarded-Proto: https\r\nHost: h\r\n\r\n",
                policy)
            .head ==
        "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
        "X-Forwarded-Host: h\r\n\r\n");
}

TEST_CASE("forwarding: off passes forwarding fields as they are") {
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n").head ==
        "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n");
}

TEST_CASE("forwarding: a client without an address (a Unix socket) leaves no X-Forwarded-For") {
  ForwardPolicy policy;
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\n\r\n", policy, {"", "http"}).head ==
        "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n\r\n");
}

TEST_CASE("forwarding: Via only on demand") {
  auto policy = quiet();
  policy.via = true;
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\n\r\n", policy).head ==
        "GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 tapedeck\r\n\r\n");
}

TEST_CASE("forwarding: a WebSocket handshake passes") {
  const auto sent = request(
      "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: k\r\n\r\n");
  CHECK(sent.head ==
        "GET /chat HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: k\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
  CHECK(sent.rebuilt.tunnel_requested);
}

TEST_CASE("forwarding: no other upgrade passes") {
  for (const std::string bytes :
       {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"}) {
    CAPTURE(bytes);
    const auto sent = request(bytes);
    CHECK_FALSE(sent.rebuilt.tunnel_requested);
    CHECK(sent.head.find("pgrade") == std::string::npos);
  }
}

TEST_CASE("forwarding: Max-Forwards of OPTIONS counts down and ends the way at zero") {
  CHECK(request("OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n").head ==
        "OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 9\r\n\r\n");
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n").head ==
        "GET / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n");
  FieldTable table;
  const auto limits = strict_request_limits();
  MessageParser parser(Side::request, Mode::strict, limits, table);
  const std::string_view last = "OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n";
  REQUIRE(parser.next(as_bytes(last)).step == Step::head);
  CHECK(is_last_hop(parser.head()));
}

TEST_CASE("forwarding: an alias of a protected field is taken out of a request, other underscores pass") {
  CHECK(request("POST / HTTP/1.1\r\nHost: h\r\nContent_Length: 9\r\nX_Forwarded-For: 1\r\nMy_Field: 1\r\n\r\n").head ==
        "POST / HTTP/1.1\r\nHost: h\r\nMy_Field: 1\r\n\r\n");
}

TEST_CASE("forwarding: a measured response keeps its length, hop-by-hop fields go") {
  const auto sent = response(
      "HTTP/1.1 200 Fine\r\nDate: d\r\nContent-Length: 5\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\n"
      "X-Hop: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n");
  CHECK(sent.head == "HTTP/1.1 200 Fine\r\nDate: d\r\nContent-Length: 5\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n");
  CHECK(sent.rebuilt.body == BodyOut::length);
}

TEST_CASE("forwarding: a client that does not stay is told") {
  Client leaving;
  leaving.stays = false;
  CHECK(response("HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 5\r\n\r\n", leaving).head ==
        "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
}

TEST_CASE("forwarding: a body that runs to the close goes chunked to a 1.1 client, which stays") {
  const auto sent = response("HTTP/1.0 200 OK\r\nDate: d\r\n\r\n");
  CHECK(sent.head == "HTTP/1.1 200 OK\r\nDate: d\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(sent.rebuilt.body == BodyOut::chunked);
}

TEST_CASE("forwarding: a 1.0 client gets no chunks and stays only for a known length") {
  const auto chunked =
      response("HTTP/1.1 200 OK\r\nDate: d\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n", old_client(true));
  CHECK(chunked.head == "HTTP/1.1 200 OK\r\nDate: d\r\nConnection: close\r\n\r\n");
  CHECK(chunked.rebuilt.body == BodyOut::until_close);
  CHECK(response("HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 2\r\n\r\n", old_client(true)).head ==
        "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("forwarding: an interim response passes to a 1.1 client without body fields, not to a 1.0 client") {
  const std::string_view hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 3\r\n\r\n";
  CHECK(response(hints).head == "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  CHECK(response(hints, old_client(false)).head.empty());
}

TEST_CASE("forwarding: an agreed upgrade passes") {
  Client client;
  client.facts.asks_upgrade = true;
  const auto sent = response(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
      "a\r\n\r\n",
      client);
  CHECK(sent.head ==
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: a\r\nUpgrade: websocket\r\nConnection: "
        "upgrade\r\n\r\n");
  CHECK(sent.rebuilt.tunnel_requested);
}

TEST_CASE("forwarding: Date is added to a final response that has none") {
  Client client;
  client.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  const auto sent = response("HTTP/1.1 204 No Content\r\n\r\n", client);
  CHECK(sent.head == "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
  CHECK(sent.rebuilt.fired.has(Rule::date_missing));
  CHECK(response("HTTP/1.1 100 Continue\r\n\r\n", client).head == "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_CASE("forwarding: the length of a body that does not come is kept to HEAD and on 304") {
  Client head;
  head.facts.is_head = true;
  CHECK(response("HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 7, 7\r\n\r\n", head).head ==
        "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 7\r\n\r\n");
  CHECK(response("HTTP/1.1 304 Not Modified\r\nDate: d\r\nContent-Length: 7\r\n\r\n").head ==
        "HTTP/1.1 304 Not Modified\r\nDate: d\r\nContent-Length: 7\r\n\r\n");
  CHECK(response("HTTP/1.1 204 No Content\r\nDate: d\r\nContent-Length: 7\r\n\r\n").head ==
        "HTTP/1.1 204 No Content\r\nDate: d\r\n\r\n");
}

TEST_CASE("forwarding: a folded line leaves as one line") {
  CHECK(response("HTTP/1.1 200 OK\r\nDate: d\r\nX: one\r\n \t two\r\n\tthree\r\nContent-Length: 0\r\n\r\n").head ==
        "HTTP/1.1 200 OK\r\nDate: d\r\nX: one two three\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("forwarding: Connection cannot have a response's framing removed") {
  CHECK(response("HTTP/1.1 200 OK\r\nDate: d\r\nConnection: Content-Length, Date\r\nContent-Length: 5\r\n\r\n").head ==
        "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("forwarding: chunks and the last chunk") {
  std::string out;
  append_chunk(as_bytes("hello, chunked body"), out);
  append_chunk({}, out);
  append_last_chunk({}, out);
  CHECK(out == "13\r\nhello, chunked body\r\n0\r\n\r\n");
}

TEST_CASE("forwarding: trailers pass but for those that frame, route or authorise") {
  std::string out;
  append_last_chunk(
      as_bytes("X-Sum:7 \r\nContent-Length: 5\r\nauthorization: x\r\nSet_Cookie: a\r\nGrpc-Status: 0\r\n"), out);
  CHECK(out == "0\r\nX-Sum: 7\r\nGrpc-Status: 0\r\n\r\n");
}
