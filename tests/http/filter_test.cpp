#include "http/filter.hpp"

#include <doctest/doctest.h>

namespace tapedeck::http {
namespace {

Exchange post_order() {
  auto connection = std::make_shared<Connection>();
  connection->number = 17;
  connection->client = parse_socket_address("192.0.2.7:51234").value();
  Exchange x;
  x.connection = connection;
  x.status = 503;
  x.request.head =
      "POST /api/orders/7?dry=1 HTTP/1.1\r\nHost: Shop.Example:8080\r\nUser-Agent: curl/8\r\nX-Tag: a\r\nX-Tag: "
      "b\r\n\r\n";
  x.request.body.state = BodyState::kept;
  x.request.body.bytes = std::string(2048, 'x');
  x.request.first = time_from_ns(1'000'000'000);
  x.response.head = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\r\n";
  x.response.body.state = BodyState::kept;
  x.response.body.bytes = "sorry";
  x.response.body.wire_length = 5'000'000;
  x.response.last = time_from_ns(1'300'000'000);
  return x;
}

bool matches(std::string_view text, const Exchange& exchange = post_order()) {
  const auto filter = Filter::parse(text);
  REQUIRE_MESSAGE(filter.has_value(), (filter ? "" : filter.error().message));
  return filter->matches(exchange);
}

std::string error_of(std::string_view text) {
  const auto filter = Filter::parse(text);
  REQUIRE_MESSAGE(!filter.has_value(), text);
  return filter.error().message;
}

TEST_CASE("each field is compared with what the exchange holds") {
  for (const char* text : {
           "method == POST",
           "method == \"POST\"",
           "method != GET",
           "method in (PUT, \"POST\")",
           "host == shop.example:8080",
           "host ~ \"^shop[.]\"",
           "path == /api/orders/7",
           "path ~ \"^/api/\"",
           "path !~ \"^/admin/\"",
           "query == \"dry=1\"",
           "target == \"/api/orders/7?dry=1\"",
           "header[User-Agent] ~ \"^curl\"",
           "header[x-tag] == b",
           "response.header[retry-after] == 5",
           "status == 503",
           "status != 200",
           "status >= 500 and status < 600",
           "status in (500, 502, 503)",
           "duration == 300ms",
           "duration > 299ms",
           "duration <= 0.3s",
           "request.size == 2KiB",
           "request.size >= 2048",
           "response.size == 5MB",
           "connection == 17",
           "client == 192.0.2.7",
           "client == 192.0.2.7:51234",
           "client ~ \"^192[.]0[.]2[.]\"",
       })
    CHECK_MESSAGE(matches(text), text);
}

TEST_CASE("what does not hold does not match") {
  for (const char* text : {"method == post", "method != POST", "path == /api", "path !~ orders", "header[x-tag] == c",
                           "header[x-tag] != b", "status < 500", "status in (200, 201)", "duration > 300ms",
                           "response.size == 5", "client == 192.0.2.70", "client != 192.0.2.7", "not method == POST"})
    CHECK_MESSAGE(!matches(text), text);
}

TEST_CASE("not binds before and, and before or") {
  CHECK(matches("method == POST or method == GET and status == 200"));
  CHECK_FALSE(matches("(method == POST or method == GET) and status == 200"));
  CHECK(matches("not method == GET and status == 503"));
  CHECK_FALSE(matches("not (method == GET or status == 503)"));
  CHECK(matches("not not method == POST"));
}

TEST_CASE("an absent header is an empty text") {
  CHECK(matches("header[cookie] == \"\""));
  CHECK(matches("header[cookie] !~ session"));
  CHECK(matches("not header[cookie] ~ \".\""));
  CHECK_FALSE(matches("header[user-agent] == \"\""));
}

TEST_CASE("without an answer the status is 0 and no duration holds") {
  Exchange x = post_order();
  x.status = 0;
  x.response = Message{};
  CHECK(matches("status == 0", x));
  CHECK(matches("response.size == 0", x));
  CHECK(matches("response.header[retry-after] == \"\"", x));
  CHECK_FALSE(matches("duration >= 0ms", x));
  CHECK(matches("not duration >= 0ms", x));
}

TEST_CASE("a response alone has no method, path or host") {
  Exchange x = post_order();
  x.request = Message{};
  x.flags.set(Flag::request_missing);
  CHECK(matches("method == \"\" and path == \"\" and host == \"\"", x));
  CHECK_FALSE(matches("duration >= 0ms", x));
}

TEST_CASE("a client's IPv6 address may stand without its brackets") {
  auto connection = std::make_shared<Connection>();
  connection->client = parse_socket_address("[2001:db8::1]:80").value();
  Exchange x = post_order();
  x.connection = connection;
  for (const char* text : {"client == 2001:db8::1", "client == \"[2001:db8::1]\"", "client == \"[2001:db8::1]:80\""})
    CHECK_MESSAGE(matches(text, x), text);
}

TEST_CASE("strings know an escaped quote and leave other backslashes to the regular expression") {
  Exchange x = post_order();
  x.request.head = "GET /say?\"7\" HTTP/1.1\r\n\r\n";
  CHECK(matches("query == \"\\\"7\\\"\"", x));
  CHECK(matches("query ~ \"^.\\d.$\"", x));
  CHECK_FALSE(matches("path ~ \"\\\\\"", x));
}

TEST_CASE("without an expression everything matches") {
  CHECK(Filter().matches(post_order()));
  CHECK_FALSE(Filter().needs_response());
}

TEST_CASE("a filter knows whether it must wait for the response") {
  CHECK_FALSE(Filter::parse("method == GET and request.size > 1KiB").value().needs_response());
  for (const char* text :
       {"status == 200", "not (path == /a or duration > 1s)", "response.size > 0", "response.header[a] == b"})
    CHECK_MESSAGE(Filter::parse(text).value().needs_response(), text);
}

TEST_CASE("a copy of a filter outlives it") {
  Filter copy;
  {
    const Filter original = Filter::parse("status == 503").value();
    copy = original;
  }
  CHECK(copy.matches(post_order()));
  CHECK(copy.text() == "status == 503");
}

TEST_CASE("errors name the position and what was expected there") {
  struct Case {
    std::string_view text, position, expected;
  };
  for (const Case& c : {
           Case{"", "position 1", "expected a field"},
           Case{"verb == GET", "position 1", "expected a field (method, host,"},
           Case{"method = GET", "position 8", "expected ==, !=, ~, !~ or in after method, found `=`"},
           Case{"method GET", "position 8", "expected ==, !=, ~, !~ or in after method, found `GET`"},
           Case{"path < 3", "position 6", "expected ==, !=, ~, !~ or in after path"},
           Case{"status ~ \"5\"", "position 8", "expected ==, !=, <, <=, >, >= or in after status"},
           Case{"status == high", "position 11", "expected a whole number such as 500, found `high`"},
           Case{"status == -1", "position 11", "expected a whole number"},
           Case{"duration > 300", "position 12", "expected a duration such as 300ms"},
           Case{"request.size > big", "position 16", "expected a size such as 10KiB"},
           Case{"method ==", "position 10", "expected a text such as \"GET\", found the end"},
           Case{"method == and", "position 11", "expected a text"},
           Case{"header == x", "position 8", "expected `[` and a header's name"},
           Case{"header[] == x", "position 8", "expected a header's name and `]`"},
           Case{"header[x == y", "position 8", "expected a header's name and `]`"},
           Case{"path == \"abc", "position 9", "no closing quote"},
           Case{"path ~ \"(\"", "position 8", "expected an RE2 regular expression"},
           Case{"method in GET", "position 11", "expected `(` and a list"},
           Case{"method in (GET", "position 15", "expected `,` or `)`, found the end"},
           Case{"method in ()", "position 12", "expected a text"},
           Case{"(method == GET", "position 15", "expected `and`, `or` or `)`, found the end"},
           Case{"method == GET method == PUT", "position 15", "expected `and`, `or` or the end, found `method`"},
           Case{"method == GET)", "position 14", "expected `and`, `or` or the end"},
       }) {
    CAPTURE(c.text);
    const std::string error = error_of(c.text);
    CAPTURE(error);
    CHECK(error.find(std::string(c.position) + ":") != std::string::npos);
    CHECK(error.find(c.expected) != std::string::npos);
  }
}

TEST_CASE("nesting and length have an end") {
  CHECK(error_of(std::string(10'000, '(')).find("nested too deeply") != std::string::npos);
  std::string nots;
  for (int i = 0; i < 10'000; ++i) nots += "not ";
  CHECK(error_of(nots + "status == 1").find("nested too deeply") != std::string::npos);
  CHECK(error_of(std::string(100'000, ' ')).find("longer than") != std::string::npos);
}

Connection connection_number(std::uint64_t number) {
  Connection connection;
  connection.number = number;
  connection.client = parse_socket_address("192.0.2.7:51234").value();
  return connection;
}

TEST_CASE("a sample keeps about its share of the connections") {
  for (const double share : {0.05, 0.5, 0.9}) {
    const Sample sample(share);
    int kept = 0;
    for (std::uint64_t i = 1; i <= 10'000; ++i) kept += sample.keeps(connection_number(i)) ? 1 : 0;
    CHECK(kept == doctest::Approx(10'000 * share).epsilon(0.1));
  }
}

TEST_CASE("a sample of all keeps all, of none none") {
  for (std::uint64_t i = 0; i < 1000; ++i) {
    CHECK(Sample().keeps(connection_number(i)));
    CHECK_FALSE(Sample(0.0).keeps(connection_number(i)));
  }
}

TEST_CASE("a sample gives the same answer in every run") {
  std::string kept;
  for (std::uint64_t i = 1; i <= 64; ++i) kept += Sample(0.5).keeps(connection_number(i)) ? '1' : '0';
  CHECK(kept == "0011010000011110100011111110100001110000010101010001100100001101");
}

TEST_CASE("a smaller sample is part of a larger one") {
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    if (Sample(0.1).keeps(connection_number(i))) CHECK(Sample(0.3).keeps(connection_number(i)));
  }
}

}  // namespace
}  // namespace tapedeck::http
