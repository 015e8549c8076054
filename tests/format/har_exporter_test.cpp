// What a HAR holds of an exchange, and that it comes back.
#include <simdjson.h>

#include "tests/format/har_fixture.hpp"
#include "tests/support/random_exchange.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
using http::BodyState;
using http::Flag;

namespace {

http::Exchange sample() {
  http::Exchange e;
  auto connection = std::make_shared<http::Connection>();
  connection->number = 7;
  connection->server = *http::parse_socket_address("192.0.2.9:8080");
  e.connection = std::move(connection);
  e.request.head = "GET /a?q=1&r HTTP/1.1\r\nHost: shop.example\r\nCookie: s=1; t=2\r\n\r\n";
  e.request.first = time_from_ns(1'714'564'800'123'456'789);
  e.request.last = e.request.first + std::chrono::microseconds(100);
  e.response.first = e.request.last + std::chrono::milliseconds(5);
  e.response.last = e.response.first + std::chrono::milliseconds(2);
  e.status = 200;
  e.response.head = "HTTP/1.1 200 All right\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n";
  e.response.body = {BodyState::kept, "ok", {}, {}, {}};
  return e;
}

/// Through a document and back; entries are as many as exchanges.
std::vector<http::Exchange> through_har(const std::vector<http::Exchange>& exchanges) {
  const ReadForeign back = import_har(export_har(exchanges).document);
  REQUIRE_MESSAGE(back.error.empty(), back.error);
  REQUIRE(back.exchanges.size() == exchanges.size());
  return back.exchanges;
}

http::Exchange through_har(const http::Exchange& exchange) { return through_har(std::vector{exchange}).front(); }

simdjson::dom::element parse(simdjson::dom::parser& parser, const std::string& text) {
  simdjson::dom::element element;
  REQUIRE(parser.parse(text).get(element) == simdjson::SUCCESS);
  return element;
}

}  // namespace

TEST_CASE("an exchange becomes an entry with all that HAR 1.2 demands") {
  const ExportedHar exported = export_har({sample()});
  CHECK(exported.document ==
        R"({"log":{"version":"1.2","creator":{"name":"tapedeck","version":"1.0"},"entries":[)"
        "\n"
        R"({"startedDateTime":"2024-05-01T12:00:00.123456Z","request":{"method":"GET",)"
        R"("url":"http://shop.example/a?q=1&r","httpVersion":"HTTP/1.1",)"
        R"("cookies":[{"name":"s","value":"1"},{"name":"t","value":"2"}],)"
        R"("headers":[{"name":"Host","value":"shop.example"},{"name":"Cookie","value":"s=1; t=2"}],)"
        R"("queryString":[{"name":"q","value":"1"},{"name":"r","value":""}],"headersSize":63,"bodySize":0},)"
        R"("response":{"status":200,"statusText":"All right","httpVersion":"HTTP/1.1","cookies":[],)"
        R"("headers":[{"name":"Content-Type","value":"text/plain"},{"name":"Content-Length","value":"2"}],)"
        R"("content":{"size":2,"mimeType":"text/plain","text":"ok"},"redirectURL":"","headersSize":71,"bodySize":2},)"
        R"("time":7.1,"cache":{},"timings":{"send":0.1,"wait":5,"receive":2},"connection":"7",)"
        R"("serverIPAddress":"192.0.2.9","_tapedeck":{"id":"00000000-0",)"
        R"("times":[1714564800123456789,1714564800123556789,1714564800128556789,1714564800130556789],)"
        R"("flags":[],"coded":[]}})"
        "\n]}}\n");
  CHECK(exported.written == 1);
  CHECK(exported.skipped.empty());
}

TEST_CASE("an export of nothing is a valid document") {
  const ReadForeign back = import_har(export_har({}).document);
  CHECK(back.error.empty());
  CHECK(back.exchanges.empty());
}

TEST_CASE("heads, bodies, times and flags come back") {
  http::Exchange e = sample();
  e.request.head =
      "POST /a HTTP/1.1\r\nHost: shop.example\r\nX-Odd: \xC3\xA9 \"\\\x7E\r\nContent-Type: "
      "text/plain\r\nContent-Length: 3\r\n\r\n";
  e.request.body = {BodyState::kept, std::string("\0\xFF\n", 3), {}, {}, {}};
  e.flags.set(Flag::client_aborted);
  const http::Exchange back = through_har(e);
  CHECK(back.request.head == e.request.head);
  CHECK(back.request.body == e.request.body);
  CHECK(back.response.head == e.response.head);
  CHECK(back.response.body == e.response.body);
  CHECK(back.request.first == e.request.first);
  CHECK(back.request.last == e.request.last);
  CHECK(back.response.first == e.response.first);
  CHECK(back.response.last == e.response.last);
  CHECK(back.flags.has(Flag::client_aborted));
  CHECK(http::to_string(back.connection->server) == "192.0.2.9:80");
}

TEST_CASE("a response is decoded; what cannot be decoded keeps its coding and says so") {
  http::Exchange e = sample();
  const std::string text = "hello, hello, hello";
  for (const std::string codings : {"gzip", "br", "deflate", "zstd"}) {
    CAPTURE(codings);
    e.response.body.bytes = *http::encode_content(codings, as_bytes(text));
    e.response.head = "HTTP/1.1 200 OK\r\nContent-Encoding: " + codings + "\r\nTransfer-Encoding: chunked\r\n\r\n";
    const http::Exchange back = through_har(e);
    CHECK(back.response.body.bytes == text);
    CHECK(back.response.head == "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n");
    e.response.body.bytes = "nothing of the kind";
    const http::Exchange broken = through_har(e);
    CHECK(broken.response.body.bytes == "nothing of the kind");
    CHECK(http::find_field(broken.response.head, "content-encoding") == codings);
  }
}

TEST_CASE("of a body that was cut off while coded, what can be decoded is there") {
  http::Exchange e = sample();
  const std::string text(100'000, 'x');
  const std::string coded = *http::encode_content("gzip", as_bytes(text));
  e.response.head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
  e.response.body.bytes = coded.substr(0, coded.size() - 20);
  e.flags.set(Flag::response_truncated);
  const http::Exchange back = through_har(e);
  CHECK(back.flags.has(Flag::response_truncated));
  CHECK_FALSE(back.response.body.bytes.empty());
  CHECK(text.starts_with(back.response.body.bytes));
}

TEST_CASE("a coded request body stays as it was sent") {
  http::Exchange e = sample();
  e.request.head = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\n";
  e.request.body = {BodyState::kept, "\x0B\x01\x80\x61", {}, {}, {}};
  const http::Exchange back = through_har(e);
  CHECK(back.request.head == e.request.head);
  CHECK(back.request.body == e.request.body);
}

TEST_CASE("bodies that were not recorded and answers that did not come stay so") {
  http::Exchange e = sample();
  e.response.body = {BodyState::omitted, {}, http::OmittedBecause::limit, 5000, {}};
  e.flags.set(Flag::response_omitted);
  const http::Exchange omitted = through_har(e);
  CHECK(omitted.response.body.state == BodyState::omitted);
  CHECK(omitted.response.body.wire_length == 5000u);
  CHECK(omitted.flags.has(Flag::response_omitted));

  http::Exchange none = sample();
  none.status = 0;
  none.response = {};
  none.response.first = none.response.last = none.request.last;
  none.flags.set(Flag::response_missing);
  none.flags.set(Flag::upstream_timeout);
  const http::Exchange back = through_har(none);
  CHECK_FALSE(back.has_response());
  CHECK(back.flags.has(Flag::upstream_timeout));
  CHECK(back.response.last == none.request.last);
}

TEST_CASE("what HAR has no place for is counted") {
  http::Exchange alone = sample();
  alone.request.head.clear();
  alone.flags.set(Flag::request_missing);
  http::Exchange rich = sample();
  rich.response.trailers = "X-Sum: 1\r\n";
  rich.interim = {"HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"};
  const ExportedHar exported = export_har({alone, rich});
  CHECK(exported.written == 1);
  CHECK(exported.skipped == format::Skipped{{"response_alone", 1}, {"trailers", 1}, {"interim_response", 2}});
}

TEST_CASE("HTTP/2 heads, absolute targets, TLS: the URL says where the request went") {
  const auto url_of_head = [](const std::string& head, const std::string& alpn = "") {
    http::Exchange e = sample();
    auto connection = std::make_shared<http::Connection>(*e.connection);
    connection->alpn = alpn;
    e.connection = std::move(connection);
    e.request.head = head;
    simdjson::dom::parser parser;
    const std::string text = export_har({e}).document;
    return std::string(parse(parser, text).at_pointer("/log/entries/0/request/url").get_string().value());
  };
  CHECK(url_of_head(":method: POST\r\n:scheme: https\r\n:authority: b.example\r\n:path: /p\r\nx: y\r\n\r\n") ==
        "https://b.example/p");
  CHECK(url_of_head("GET http://c.example/p HTTP/1.1\r\nHost: d\r\n\r\n") == "http://c.example/p");
  CHECK(url_of_head("GET /p HTTP/1.1\r\nHost: e.example\r\n\r\n", "http/1.1") == "https://e.example/p");
  CHECK(url_of_head("GET /p HTTP/1.0\r\n\r\n") == "http://192.0.2.9:8080/p");
  CHECK(url_of_head("CONNECT f.example:443 HTTP/1.1\r\nHost: f.example:443\r\n\r\n") == "http://f.example:443");
  CHECK(url_of_head("OPTIONS * HTTP/1.1\r\nHost: g\r\n\r\n") == "http://g/*");
  CHECK(url_of_head("GET /\xFF\x01#x HTTP/1.1\r\nHost: h\r\n\r\n") == "http://h/%FF%01%23x");
}

TEST_CASE("any exchanges make a document that is read again, an entry for each request") {
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    const auto exchanges = ExchangeGenerator(seed, "\"]}}\\").take(200);
    const ExportedHar exported = export_har(exchanges);
    const ReadForeign back = import_har(exported.document);
    CHECK(back.error.empty());
    CHECK(back.exchanges.size() == exported.written);
    std::size_t i = 0;
    for (const auto& e : exchanges) {
      if (!e.has_request()) continue;
      const auto& again = back.exchanges[i++];
      CHECK(again.status == e.status);
      CHECK(again.request.body.bytes == e.request.body.bytes);
      if (e.has_response()) CHECK(again.response.body.bytes == e.response.body.bytes);
      CHECK(again.request.first == e.request.first);
    }
  }
}
