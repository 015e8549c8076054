#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "diff/differ.hpp"
#include "http/exchange.hpp"

namespace tapedeck::diff {

/// An answer to compare, with as little writing as can be.
struct Answer {
  int status = 200;
  std::string headers = "Content-Type: application/json\r\n";
  std::string body = {};
};

inline Time noon() { return time_from_ns(1'790'000'000'000'000'000); }

/// An exchange `METHOD TARGET` with this answer, at noon.
inline http::Exchange exchange_of(const Answer& answer, std::string_view target = "/orders/17",
                                  std::uint64_t ordinal = 0) {
  http::Exchange exchange;
  exchange.id.recording.fill(0x5a);
  exchange.id.ordinal = ordinal;
  const auto connection = std::make_shared<http::Connection>();
  connection->number = 1;
  exchange.connection = connection;
  exchange.request.head = "GET " + std::string(target) + " HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  exchange.status = static_cast<std::uint16_t>(answer.status);
  exchange.response.head = "HTTP/1.1 " + std::to_string(answer.status) + " OK\r\n" + answer.headers + "\r\n";
  exchange.response.body.state = http::BodyState::kept;
  exchange.response.body.bytes = answer.body;
  exchange.response.first = exchange.response.last = noon();
  return exchange;
}

inline PairResult compare(const Answer& a, const Answer& b) { return Differ().compare(exchange_of(a), exchange_of(b)); }
inline PairResult compare_json(std::string a, std::string b) {
  return compare({.body = std::move(a)}, {.body = std::move(b)});
}

/// `body:/items/*/price value`, one a line, in order.
inline std::string lines_of(const PairResult& result) {
  std::string out;
  for (const Difference& d : result.differences) {
    ((((out += name_of(d.location)) += ':') += d.path) += ' ') += name_of(d.kind);
    if (!d.from.empty()) (((out += ' ') += d.from) += "->") += d.to;
    out += '\n';
  }
  return out;
}

inline std::string pointers_of(const PairResult& result) {
  std::string out;
  for (const Difference& d : result.differences) ((out += d.pointer) += ' ') += name_of(d.kind), out += '\n';
  return out;
}

}  // namespace tapedeck::diff
