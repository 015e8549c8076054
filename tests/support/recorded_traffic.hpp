#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/exchange.hpp"
#include "replay/recorded_source.hpp"

namespace tapedeck::test {

/// Recorded exchanges in memory, built by hand, in time order.
class RecordedTraffic final : public replay::RecordedSource {
 public:
  static constexpr std::int64_t kStart = 1'700'000'000'000'000'000;

  struct Spec {
    std::uint64_t connection = 1;
    Duration at{};
    std::string request;  // whole, as on the wire; a body behind the empty line
    std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";  // empty: none came
  };

  http::Exchange& add(const Spec& spec) {
    http::Exchange exchange;
    exchange.id.recording = {7};
    exchange.id.ordinal = x_exchanges.size();
    exchange.connection = connection(spec.connection);
    exchange.sequence = x_sequence[spec.connection % x_sequence.size()]++;
    fill(exchange.request, spec.request);
    exchange.request.first = exchange.request.last = time_from_ns(kStart) + spec.at;
    fill(exchange.response, spec.response);
    exchange.response.first = exchange.response.last = exchange.request.last + std::chrono::milliseconds(1);
    if (spec.response.empty()) {
      exchange.flags.set(http::Flag::response_missing);
    } else {
      exchange.status = static_cast<std::uint16_t>(std::stoi(spec.response.substr(9, 3)));
    }
    x_exchanges.push_back(std::move(exchange));
    return x_exchanges.back();
  }
  static std::string get(const std::string& path, const std::string& more = {}) {
    return "GET " + path + " HTTP/1.1\r\nHost: shop.example\r\n" + more + "\r\n";
  }
  const std::vector<http::Exchange>& exchanges() const { return x_exchanges; }

  void rewind(format::Bodies bodies, format::TimeRange range) override {
    x_next = 0;
    x_bodies = bodies;
    x_range = range;
  }
  Result<std::optional<http::Exchange>> next() override {
    for (; x_next < x_exchanges.size(); ++x_next) {
      const Time first = x_exchanges[x_next].request.first;
      if ((!x_range.from || first >= *x_range.from) && (!x_range.to || first < *x_range.to)) break;
    }
    if (x_next == x_exchanges.size()) return std::optional<http::Exchange>{};
    std::optional<http::Exchange> exchange = x_exchanges[x_next++];
    if (x_bodies == format::Bodies::skip) {
      for (http::Message* message : {&exchange->request, &exchange->response}) {
        if (!message->body.wire_length) message->body.wire_length = message->body.bytes.size();
        message->body.bytes.clear();
      }
    }
    return exchange;
  }
  format::DamageReport damage() const override { return {}; }

 private:
  static void fill(http::Message& message, const std::string& text) {
    const auto end = text.find("\r\n\r\n");
    if (end == text.npos) return;
    message.head = text.substr(0, end + 4);
    message.body.bytes = text.substr(end + 4);
    if (!message.body.bytes.empty()) message.body.state = http::BodyState::kept;
  }
  std::shared_ptr<const http::Connection> connection(std::uint64_t number) {
    auto made = std::make_shared<http::Connection>();
    made->number = number;
    return made;
  }

  std::vector<http::Exchange> x_exchanges;
  std::vector<std::uint32_t> x_sequence = std::vector<std::uint32_t>(4096);
  std::size_t x_next = 0;
  format::Bodies x_bodies = format::Bodies::load;
  format::TimeRange x_range;
};

}  // namespace tapedeck::test
