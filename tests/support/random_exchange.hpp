#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "http/exchange.hpp"

namespace tapedeck::test {

/// Seeded exchanges of all shapes: every flag, body state, address family; heads and bodies empty, binary, large, or
/// holding what `nasty` says (a tape, say). Request first bytes rise, with jitter of +-2 s.
class ExchangeGenerator {
 public:
  explicit ExchangeGenerator(std::uint32_t seed, std::string nasty = {}) : x_random(seed), x_nasty(std::move(nasty)) {}
  http::Exchange next();
  std::vector<http::Exchange> take(std::size_t n);
  /// No request first byte from now on lies below.
  Time watermark() const { return x_now - std::chrono::seconds(2); }

 private:
  std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(x_random); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::string bytes(std::size_t n);
  std::string text(std::size_t n);
  std::shared_ptr<const http::Connection> connection();
  std::string request_head();
  std::string response_head(std::uint16_t status);
  http::Body body(http::Exchange& exchange, http::Side side);

  std::mt19937 x_random;
  std::string x_nasty;
  Time x_now = time_from_ns(1'700'000'000'000'000'000);
  std::vector<std::shared_ptr<const http::Connection>> x_connections;
  std::uint64_t x_next_connection = 1;
};

}  // namespace tapedeck::test
