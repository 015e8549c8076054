#pragma once
#include <cmath>
#include <memory>
#include <string>

#include "diff/differ.hpp"
#include "replay/replay_result.hpp"

namespace tapedeck::replay {

/// A recorded or live answer to `GET TARGET`.
inline http::Exchange sample_exchange(std::uint64_t ordinal, const std::string& target, std::uint16_t status,
                                      const std::string& body,
                                      const std::string& headers = "Content-Type: application/json\r\n") {
  http::Exchange exchange;
  exchange.id.recording.fill(0x3f);
  exchange.id.ordinal = ordinal;
  const auto connection = std::make_shared<http::Connection>();
  connection->number = ordinal / 10;
  exchange.connection = connection;
  exchange.sequence = static_cast<std::uint32_t>(ordinal % 10);
  exchange.request.head = "GET " + target + " HTTP/1.1\r\nHost: shop.example\r\nAccept: application/json\r\n\r\n";
  exchange.status = status;
  exchange.response.head = "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers + "\r\n";
  exchange.response.body.state = http::BodyState::kept;
  exchange.response.body.bytes = body;
  return exchange;
}

inline void add_sample_pair(diff::Aggregate& all, const http::Exchange& recorded, const http::Exchange& live) {
  all.add(recorded, live.status, diff::Differ().compare(recorded, live));
}

/// A shop's replay against a rewrite: prices became strings, some orders fail, a trace id is made up each time.
inline diff::Aggregate sample_comparison(std::uint64_t pairs) {
  diff::Aggregate all;
  for (std::uint64_t n = 0; n < pairs; ++n) {
    const std::string id = std::to_string(1000 + n);
    char trace[64];
    std::snprintf(trace, sizeof trace, "3fa85f64-5717-4562-b3fc-%012llx",
                  static_cast<unsigned long long>(n * 7919 % 100000 + 1));
    const auto order = [&](const std::string& price, const std::string& currency, char version) {
      std::string traced = trace;
      traced[14] = version;
      return R"({"id":)" + id + R"(,"items":[{"sku":"lamp","price":)" + price + R"(}],"currency":")" + currency +
             R"(","trace":")" + traced + "\"}";
    };
    const std::string target = n % 3 == 0   ? "/orders/" + id
                               : n % 3 == 1 ? "/products?page=" + std::to_string(n % 40)
                                            : "/users/" + id + "/cart";
    const bool strings = n % 3 == 0 && n % 24 == 0;
    const auto recorded = sample_exchange(n, target, 200, order("19.90", "EUR", '4'));
    if (n % 97 == 5) {
      add_sample_pair(
          all, recorded,
          sample_exchange(n, target, 500, "<!DOCTYPE html><h1>Internal error</h1>", "Content-Type: text/html\r\n"));
    } else {
      add_sample_pair(
          all, recorded,
          sample_exchange(n, target, 200, order(strings ? "\"19.90\"" : "19.90", strings ? "eur" : "EUR", '5'),
                          n % 3 == 1 ? "Content-Type: application/json\r\nCache-Control: no-store\r\n"
                                     : "Content-Type: application/json\r\n"));
    }
  }
  return all;
}

inline Duration sample_latency(std::uint64_t n, double scale) {
  const double spread = std::exp(1.1 * std::sin(static_cast<double>(n) * 12.9898) + (n % 211 == 0 ? 2.5 : 0));
  return Duration(static_cast<std::int64_t>(scale * 4e6 * spread));
}

inline ReplayResult sample_result() {
  ReplayResult r;
  r.comparison = sample_comparison(3000);
  r.planned = 3120;
  r.sent = 3012;
  r.answered = 3000;
  r.failed = {{"timeout", 9}, {"reset", 3}};
  r.skipped = {{"method", 104}, {"upgrade", 4}};
  r.unselected = {{"filter", 220}};
  r.on_time = 3009;
  r.late = {{"connection", 3}};
  r.speed = 10;
  r.wall = std::chrono::seconds(60);
  r.offered_rps = 50.2;
  r.achieved_rps = 50.19;
  r.target = "http://127.0.0.1:8081";
  r.tapes = {"prod.tape"};
  r.seconds.resize(60);
  for (std::uint64_t n = 0; n < 3000; ++n) {
    const Duration live = sample_latency(n, 1.4);
    const Duration recorded = sample_latency(n * 7, 1);
    r.latency.add(live);
    r.service.add(live - live / 50);
    r.recorded_latency.add(recorded);
    r.lateness.add(Duration(static_cast<std::int64_t>(3000 + n % 40 * 900)));
    r.generator_lateness.add(Duration(static_cast<std::int64_t>(2000 + n % 30 * 600)));
    SecondCounts& second = r.seconds[n * 60 / 3000];
    ++second.due, ++second.sent, ++second.answered;
    second.failed += n % 251 == 0 ? 1 : 0;
    second.latency.add(live);
  }
  for (const auto& [endpoint, counts] : r.comparison.endpoints()) {
    EndpointLoad& load = r.endpoints[endpoint];
    load.sent = counts.pairs;
    for (std::uint64_t n = 0; n < counts.pairs; ++n) {
      load.latency.add(sample_latency(n, endpoint.path_template.size() > 12 ? 0.7 : 1.6));
      load.recorded_latency.add(sample_latency(n * 3, 1));
    }
  }
  r.conclusion = diff::conclude(r.comparison, {});
  return r;
}

}  // namespace tapedeck::replay
