#include "http/parser.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/parse_script.hpp"

using namespace tapedeck;
using namespace tapedeck::http;
using tapedeck::test::limits_for;
using tapedeck::test::ParseScript;

namespace {

using Lines = std::vector<std::string>;

constexpr std::string_view kGet = "GET /a?b=1 HTTP/1.1\r\nHost: shop.test\r\nAccept:  */* \r\n\r\n";

Lines events_of(Side side, Mode mode, std::string_view bytes, const RequestFacts& facts = {}) {
  ParseScript script(side, mode, limits_for(side, mode));
  script.answers(facts);
  script.feed(bytes);
  return script.events();
}

Lines both_modes(Side side, std::string_view bytes, const RequestFacts& facts = {}) {
  const auto strict = events_of(side, Mode::strict, bytes, facts);
  CHECK(events_of(side, Mode::observe, bytes, facts) == strict);
  return strict;
}

std::string with_event(std::string_view event, std::string_view bytes) {
  return std::string(event) + " " + std::string(bytes);
}

}  // namespace

TEST_CASE("parser: a request without a body is a head and its end") {
  CHECK(both_modes(Side::request, kGet) == Lines{with_event("head", kGet), "end"});
}

TEST_CASE("parser: the head event shows method, target, version and trimmed fields") {
  ParseScript script(Side::request, Mode::strict, strict_request_limits());
  script.feed(kGet);
  CHECK(script.heads() == Lines{"GET|/a?b=1|0||1.1|none|stays|Host=shop.test|Accept=*/*"});
}

TEST_CASE("parser: Content-Length measures a request body, and the next request starts behind it") {
  const std::string post = "POST /o HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n";
  CHECK(both_modes(Side::request, post + "hello" + std::string(kGet)) ==
        Lines{with_event("head", post), "body hello", "end", with_event("head", kGet), "end"});
}

TEST_CASE("parser: a length of zero is an empty body") {
  const std::string post = "POST /o HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
  CHECK(both_modes(Side::request, post) == Lines{with_event("head", post), "end"});
}

TEST_CASE("parser: chunks are taken out of their framing, trailers stay apart") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(both_modes(Side::response, head + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n") ==
        Lines{with_event("head", head), "body hello world", "end"});
  CHECK(both_modes(Side::response, head + "A\r\n0123456789\r\n000\r\nX-Sum: 7\r\nX-B: c\r\n\r\n") ==
        Lines{with_event("head", head), "body 0123456789", "trailers X-Sum: 7\r\nX-B: c\r\n", "end"});
}

TEST_CASE("parser: a response without a length runs to the close") {
  const std::string head = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n";
  for (const auto how : {Ending::fin, Ending::tls_without_close_notify}) {
    ParseScript script(Side::response, Mode::strict, strict_response_limits());
    script.feed(head + "some ");
    script.feed("bytes");
    script.end_of_input(how);
    CHECK(script.events() == Lines{with_event("head", head), "body some bytes", "end"});
    CHECK_FALSE(script.parser().keeps_alive());
  }
}

TEST_CASE("parser: a reset cuts a response that runs to the close") {
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  ParseScript script(Side::response, Mode::observe);
  script.feed(head + "some");
  script.end_of_input(Ending::reset);
  CHECK(script.events() == Lines{with_event("head", head), "body some", "desync"});
  CHECK(script.parser().why() == Rule::none);
}

TEST_CASE("parser: the answers to HEAD, and 204 and 304, have no body whatever their fields say") {
  RequestFacts to_head;
  to_head.is_head = true;
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  CHECK(both_modes(Side::response, ok, to_head) == Lines{with_event("head", ok), "end"});
  const std::string not_modified = "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n";
  CHECK(both_modes(Side::response, not_modified) == Lines{with_event("head", not_modified), "end"});
  const std::string no_content = "HTTP/1.1 204 No Content\r\n\r\n";
  CHECK(both_modes(Side::response, no_content) == Lines{with_event("head", no_content), "end"});
}

TEST_CASE("parser: an interim response is a message of its own and does not use up what was asked") {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
  for (const auto mode : {Mode::strict, Mode::observe}) {
    FieldTable table;
    const auto limits = limits_for(Side::response, mode);
    MessageParser parser(Side::response, mode, limits, table);
    RequestFacts to_head;
    to_head.is_head = true;
    parser.answers(to_head);
    CHECK(parser.next(as_bytes(interim)).step == Step::head);
    CHECK(parser.next({}).step == Step::end);
    CHECK(parser.next(as_bytes(ok)).step == Step::head);
    CHECK(parser.framing() == Framing::none);
    CHECK(parser.next({}).step == Step::end);
    // The next one answers a GET again.
    CHECK(parser.next(as_bytes(ok)).step == Step::head);
    CHECK(parser.framing() == Framing::length);
  }
}

TEST_CASE("parser: a 101 that was asked for ends HTTP on the connection") {
  RequestFacts upgrade;
  upgrade.asks_upgrade = true;
  const std::string head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
  CHECK(both_modes(Side::response, head + "\x81\x02hi", upgrade) == Lines{with_event("head", head), "tunnel"});
}

TEST_CASE("parser: observed, a 2xx to CONNECT ends HTTP on the connection") {
  RequestFacts connect;
  connect.is_connect = true;
  const std::string head = "HTTP/1.1 200 Connection established\r\n\r\n";
  CHECK(events_of(Side::response, Mode::observe, head + "\x16\x03", connect) ==
        Lines{with_event("head", head), "tunnel"});
}

TEST_CASE("parser: facts_of reads what a request asks for") {
  const std::string request =
      "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
  FieldTable table;
  const auto limits = strict_request_limits();
  MessageParser parser(Side::request, Mode::strict, limits, table);
  REQUIRE(parser.next(as_bytes(request)).step == Step::head);
  const auto facts = facts_of(parser.head());
  CHECK(facts.asks_upgrade);
  CHECK_FALSE(facts.is_head);
  CHECK(facts.version == Version::http_1_1);
}

TEST_CASE("parser: a connection is used again as version and Connection say") {
  const auto stays = [](std::string_view bytes) {
    FieldTable table;
    const auto limits = strict_request_limits();
    MessageParser parser(Side::request, Mode::strict, limits, table);
    REQUIRE(parser.next(as_bytes(bytes)).step == Step::head);
    return parser.keeps_alive();
  };
  CHECK(stays("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  CHECK_FALSE(stays("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n"));
  CHECK_FALSE(stays("GET / HTTP/1.0\r\n\r\n"));
  CHECK(stays("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST_CASE("parser: between messages is where an end of input is no loss") {
  ParseScript script(Side::request, Mode::strict, strict_request_limits());
  CHECK(script.parser().between_messages());
  script.feed("GET / HT");
  CHECK_FALSE(script.parser().between_messages());
  script.feed("TP/1.1\r\nHost: h\r\n\r\n");
  CHECK(script.parser().between_messages());
  CHECK(script.parser().end_of_input(Ending::fin).step == Step::need_more);
}

TEST_CASE("parser: an end of input inside a message cuts it") {
  for (const std::string bytes : {"GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
                                  "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}) {
    CAPTURE(bytes);
    ParseScript strict(Side::request, Mode::strict, strict_request_limits());
    strict.feed(bytes);
    strict.end_of_input(Ending::fin);
    CHECK(strict.events().back() == "rejected");
    CHECK(strict.parser().why() == Rule::none);
    CHECK(strict.parser().status() == 400);
    ParseScript observed(Side::request, Mode::observe);
    observed.feed(bytes);
    observed.end_of_input(Ending::fin);
    CHECK(observed.events().back() == "desync");
  }
}

TEST_CASE("parser: parsing goes on behind a gap inside a measured body") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
  ParseScript script(Side::response, Mode::observe);
  script.feed(head + "012");
  script.gap(4);
  CHECK(script.parser().body_bytes() == 7);
  script.feed("789");
  CHECK(script.events() == Lines{with_event("head", head), "body 012789", "end"});
}

TEST_CASE("parser: a gap may take the end of a measured body") {
  ParseScript script(Side::response, Mode::observe);
  script.feed("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012");
  script.gap(7);
  script.feed("");
  CHECK(script.events().back() == "end");
}

TEST_CASE("parser: parsing goes on behind a gap inside one chunk") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  ParseScript script(Side::response, Mode::observe);
  script.feed(head + "8\r\nab");
  script.gap(4);
  script.feed("gh\r\n0\r\n\r\n");
  CHECK(script.events() == Lines{with_event("head", head), "body abgh", "end"});
}

TEST_CASE("parser: a gap elsewhere desynchronises, and reset starts anew") {
  for (const std::string bytes : {"HTTP/1.1 20", "", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
                                  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}) {
    CAPTURE(bytes);
    FieldTable table;
    const auto limits = observe_limits();
    MessageParser parser(Side::response, Mode::observe, limits, table);
    std::string rest = bytes;
    for (Event event; !rest.empty();) {
      event = parser.next(as_bytes(rest));
      rest.erase(0, event.consumed);
      if (event.step == Step::need_more) break;
    }
    CHECK(parser.gap(3).step == Step::desync);
    CHECK(parser.next({}).step == Step::desync);
    parser.reset();
    CHECK(parser.between_messages());
    CHECK(parser.next(as_bytes("HTTP/1.1 204 No Content\r\n\r\n")).step == Step::head);
  }
}
