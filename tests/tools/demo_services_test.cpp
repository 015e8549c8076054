#include "tools/demo_services.hpp"

#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include "tools/demo_load.hpp"
#include "tools/demo_shopper.hpp"

using namespace tapedeck;
using namespace tapedeck::tools;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

class Client {
 public:
  explicit Client(std::uint16_t port) : x_socket(x_loop) { x_socket.connect({asio::ip::address_v4::loopback(), port}); }

  void send(std::string_view bytes) { asio::write(x_socket, asio::buffer(bytes)); }
  std::string read_until(std::string_view end) {
    const std::size_t n = asio::read_until(x_socket, asio::dynamic_buffer(x_read), std::string(end));
    std::string out = x_read.substr(0, n);
    x_read.erase(0, n);
    return out;
  }
  std::string read_to_end() {
    boost::system::error_code end;
    asio::read(x_socket, asio::dynamic_buffer(x_read), end);
    return x_read;
  }

 private:
  asio::io_context x_loop;
  tcp::socket x_socket;
  std::string x_read;
};

std::string request(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: shop.example\r\n\r\n";
}

struct FixedClock final : Clock {
  Time wall() const override { return time_from_ns(1'714'564'800'000'000'000); }
  MonoTime mono() const override { return {}; }
};

}  // namespace

TEST_CASE("one connection serves many requests, and the dates are the clock's") {
  const FixedClock clock;
  const DemoService shop(DemoService::Version::old_shop, clock);
  Client client(shop.port());
  for (int i = 0; i < 3; ++i) {
    client.send(request("/health"));
    CHECK(client.read_until("}") ==
          "HTTP/1.1 200 OK\r\nDate: Wed, 01 May 2024 12:00:00 GMT\r\nServer: shop\r\nContent-Type: application/json\r\n"
          "Content-Length: 15\r\n\r\n{\"status\":\"ok\"}");
  }
}

TEST_CASE("an order comes in chunks") {
  const DemoService shop(DemoService::Version::old_shop);
  Client client(shop.port());
  client.send(request("/orders/7"));
  CHECK(client.read_until("\r\n0\r\n\r\n").find("Transfer-Encoding: chunked\r\n") != std::string::npos);
}

TEST_CASE("the token of recommendations is new in every answer") {
  const DemoService shop(DemoService::Version::new_shop);
  Client client(shop.port());
  client.send(request("/recommendations"));
  const std::string first = client.read_until("]}");
  client.send(request("/recommendations"));
  const std::string second = client.read_until("]}");
  const auto token = [](const std::string& text) { return text.substr(text.find("request_token") + 16, 36); };
  CHECK(token(first).size() == 36);
  CHECK(token(first) != token(second));
}

TEST_CASE("Connection: close is obeyed") {
  const DemoService shop(DemoService::Version::old_shop);
  Client client(shop.port());
  client.send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(client.read_to_end().find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("bytes that are no HTTP end the connection, and others go on") {
  const DemoService shop(DemoService::Version::old_shop);
  Client bad(shop.port());
  bad.send("\x16\x03\x01 no http\r\n\r\n");
  CHECK(bad.read_to_end() == "");
  Client good(shop.port());
  good.send(request("/health"));
  CHECK(good.read_until("}").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a service ends with connections open") {
  auto shop = std::make_unique<DemoService>(DemoService::Version::old_shop);
  Client client(shop->port());
  client.send(request("/health"));
  client.read_until("}");
  shop.reset();
  CHECK(client.read_to_end() == "");
}

TEST_CASE("the load sends what was asked for, and all of it is answered") {
  const DemoService shop(DemoService::Version::old_shop);
  DemoLoadOptions options;
  options.port = shop.port();
  options.rate = 400;
  options.duration = 500ms;
  const DemoLoadCounts counts = run_demo_load(options, system_clock());
  CHECK(counts.sent == 200);
  CHECK(counts.answered == 200);
  CHECK(counts.failed == 0);
}

TEST_CASE("the load counts as failed what nobody answers") {
  asio::io_context loop;
  const tcp::acceptor not_listening = [&] {
    tcp::acceptor bound(loop, tcp::v4());
    bound.bind({asio::ip::address_v4::loopback(), 0});
    return bound;
  }();
  DemoLoadOptions options;
  options.port = not_listening.local_endpoint().port();
  options.rate = 400;
  options.duration = 100ms;
  const DemoLoadCounts counts = run_demo_load(options, system_clock());
  CHECK(counts.sent == 40);
  CHECK(counts.answered == 0);
  CHECK(counts.failed == 40);
}

TEST_CASE("a shopper with the same seed asks for the same things") {
  Shopper a(7), b(7), c(8);
  std::string from_a, from_b, from_c;
  for (int i = 0; i < 50; ++i) {
    from_a += a.next_request();
    from_b += b.next_request();
    from_c += c.next_request();
  }
  CHECK(from_a == from_b);
  CHECK(from_a != from_c);
}

TEST_CASE("shoppers use every endpoint, GET and POST, with and without gzip") {
  std::string all;
  for (unsigned seed = 0; seed < 20; ++seed) {
    Shopper shopper(seed);
    for (int i = 0; i < 100; ++i) all += shopper.next_request();
  }
  for (const char* part :
       {"GET /health ", "GET /products?page=", "GET /products/", "POST /cart ", "GET /orders/",
        "GET /search?q=", "GET /recommendations ", "GET /static/", "Accept-Encoding: gzip", "If-None-Match: "}) {
    CAPTURE(part);
    CHECK(all.find(part) != std::string::npos);
  }
}
