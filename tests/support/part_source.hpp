#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "http/exchange_sink.hpp"

namespace tapedeck::test {

/// Hands a sink exchanges in parts, like a proxy with one connection. The time of each is the caller's.
class PartSource {
 public:
  explicit PartSource(http::ExchangeSink& sink) : x_sink(&sink) {
    auto connection = std::make_shared<http::Connection>();
    connection->number = 1;
    connection->client = *http::parse_socket_address("192.0.2.1:40000");
    x_connection = std::move(connection);
  }
  void set_connection(std::shared_ptr<const http::Connection> connection) { x_connection = std::move(connection); }

  /// Its number; the request is `GET /NUMBER`.
  std::uint64_t begin(Time at) {
    const std::uint64_t exchange = ++x_last;
    put(exchange, at,
        http::BeginPart{x_connection, static_cast<std::uint32_t>(exchange - 1), 0, http::Version::http_1_1});
    const std::string head = fmt::format("GET /{} HTTP/1.1\r\nHost: test\r\n\r\n", exchange);
    put(exchange, at, http::HeadPart{http::Side::request, as_bytes(head), at, 0});
    return exchange;
  }
  void respond(std::uint64_t exchange, Time at, std::uint16_t status = 200) {
    const std::string head = fmt::format("HTTP/1.1 {} X\r\n\r\n", status);
    put(exchange, at, http::HeadPart{http::Side::response, as_bytes(head), at, status});
  }
  void body(std::uint64_t exchange, Time at, std::string_view bytes, http::Side side = http::Side::response) {
    put(exchange, at, http::BodyPart{side, as_bytes(bytes)});
  }
  void end(std::uint64_t exchange, Time at, http::Reason reason = http::Reason::none, http::FlagSet flags = {}) {
    http::EndPart end;
    end.reason = reason;
    end.flags = flags;
    put(exchange, at, end);
  }
  /// A whole one.
  std::uint64_t exchange(Time at, std::string_view response_body = "", std::uint16_t status = 200) {
    const std::uint64_t number = begin(at);
    respond(number, at, status);
    if (!response_body.empty()) body(number, at, response_body);
    end(number, at);
    return number;
  }

 private:
  template <class Content>
  void put(std::uint64_t exchange, Time at, Content content) {
    x_sink->take({exchange, at, std::move(content)});
  }
  http::ExchangeSink* x_sink;
  std::shared_ptr<const http::Connection> x_connection;
  std::uint64_t x_last = 0;
};

}  // namespace tapedeck::test
