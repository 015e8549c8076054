#pragma once
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "base/time.hpp"
#include "http/exchange.hpp"

namespace tapedeck::test {

/// An API's exchanges, 20 a connection: JSON bodies that repeat in part, long headers that repeat. The same ones each
/// time.
class ApiTraffic {
 public:
  /// A body has from `least` on `spread` different numbers of items.
  ApiTraffic(std::uint32_t least, std::uint32_t spread) : x_least(least), x_spread(spread) {}

  http::Exchange next() {
    const std::size_t i = x_count++;
    if (i % 20 == 0) {
      auto connection = std::make_shared<http::Connection>();
      connection->number = 1 + i / 20;
      connection->client = *http::parse_socket_address("192.0.2.7:40001");
      x_connection = std::move(connection);
    }
    http::Exchange e;
    e.connection = x_connection;
    e.sequence = static_cast<std::uint32_t>(i % 20);
    e.request.head =
        "GET /orders/" + std::to_string(x_random() % 100'000) +
        "?page=2 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0\r\nAccept: application/json\r\nCookie: session=" +
        std::to_string(1'000'000'007ULL * (i / 20 + 1)) + "f00dfacecafebeef0123456789\r\n\r\n";
    e.request.first = time_from_ns(1'700'000'000'000'000'000) + std::chrono::microseconds(i * 100);
    e.request.last = e.request.first;
    e.response.first = e.request.first + std::chrono::microseconds(x_random() % 20'000);
    e.response.last = e.response.first + std::chrono::microseconds(x_random() % 500);
    e.status = 200;
    e.response.head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: stall/1.0\r\nX-Request-Id: " +
                      std::to_string(x_random()) + "\r\n\r\n";
    e.response.body.state = http::BodyState::kept;
    e.response.body.bytes = json_body(x_least + x_random() % x_spread);
    return e;
  }

 private:
  std::string json_body(std::size_t items) {
    std::string body = "{\"items\":[";
    for (std::size_t i = 0; i < items; ++i) {
      body += "{\"id\":" + std::to_string(x_random() % 100'000) + ",\"name\":\"article " +
              std::to_string(x_random() % 500) + "\",\"price\":" + std::to_string(x_random() % 10'000) +
              ",\"stock\":" + std::to_string(x_random() % 50) + "},";
    }
    return body + "null]}";
  }

  const std::uint32_t x_least;
  const std::uint32_t x_spread;
  std::mt19937 x_random{7};
  std::size_t x_count = 0;
  std::shared_ptr<const http::Connection> x_connection;  // of the exchange at hand
};

inline std::uint64_t raw_size(const http::Exchange& e) {
  return e.request.head.size() + e.response.head.size() + e.response.body.bytes.size();
}

}  // namespace tapedeck::test
