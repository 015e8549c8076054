#include "replay/recorded_host.hpp"

#include <doctest/doctest.h>

using namespace tapedeck;
using namespace tapedeck::replay;

namespace {

http::Exchange with_host(const std::string& host) {
  http::Exchange exchange;
  exchange.request.head = "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  return exchange;
}

RecordedHostGuard guard_for(const std::string& url, const std::vector<std::string>& addresses) {
  std::vector<http::SocketAddress> parsed;
  for (const std::string& address : addresses) parsed.push_back(*http::parse_socket_address(address));
  return {*http::parse_origin(url), parsed};
}

}  // namespace

TEST_CASE("all spellings of the recorded host are met") {
  RecordedHostGuard guard = guard_for("http://shop.example:8080", {"192.0.2.7:8080", "[2001:db8::7]:8080"});
  for (const char* host :
       {"shop.example:8080", "SHOP.Example:8080", "shop.example.:8080", "192.0.2.7:8080", "192.0.519:8080",
        "0xC0000207:8080", "[2001:db8::7]:8080", "[2001:DB8:0::7]:8080", "[::ffff:192.0.2.7]:8080"}) {
    CHECK_MESSAGE(guard.met_in(with_host(host)) == "Host", host);
  }
}

TEST_CASE("another port or name is another system") {
  RecordedHostGuard guard = guard_for("http://shop.example:8080", {"192.0.2.7:8080"});
  for (const char* host : {"shop.example", "shop.example:8081", "www.shop.example:8080", "192.0.2.8:8080", ""}) {
    CHECK_MESSAGE(guard.met_in(with_host(host)).empty(), host);
  }
}

TEST_CASE("a host without a port means the default one") {
  RecordedHostGuard guard = guard_for("http://shop.example", {"192.0.2.7:80"});
  CHECK(guard.met_in(with_host("shop.example")) == "Host");
  CHECK(guard.met_in(with_host("shop.example:80")) == "Host");
  CHECK(guard.met_in(with_host("192.0.2.7")) == "Host");
}

TEST_CASE("the default port of a connection that an import says was https is 443") {
  RecordedHostGuard guard = guard_for("https://shop.example", {"192.0.2.7:443"});
  http::Exchange exchange = with_host("shop.example");
  CHECK(guard.met_in(exchange).empty());
  auto connection = std::make_shared<http::Connection>();
  connection->alpn = "http/1.1";
  exchange.connection = connection;
  CHECK(guard.met_in(exchange) == "Host");
}

TEST_CASE("the upstream and the server of the recording are met by address") {
  RecordedHostGuard guard = guard_for("http://192.0.2.7:81", {"192.0.2.7:81"});
  http::Exchange exchange = with_host("other");
  auto connection = std::make_shared<http::Connection>();
  connection->upstream = *http::parse_socket_address("192.0.2.7:81");
  exchange.connection = connection;
  CHECK(guard.met_in(exchange) == "upstream");
  auto server = std::make_shared<http::Connection>();
  server->server = *http::parse_socket_address("[::ffff:192.0.2.7]:81");
  exchange.connection = server;
  CHECK(guard.met_in(exchange) == "server");
}

TEST_CASE("an absolute target names the host") {
  RecordedHostGuard guard = guard_for("http://shop.example", {});
  http::Exchange exchange;
  exchange.request.head = "GET http://Shop.Example/a HTTP/1.1\r\nHost: other\r\n\r\n";
  CHECK(guard.met_in(exchange) == "Host");
}
