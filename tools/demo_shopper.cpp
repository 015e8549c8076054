#include "tools/demo_shopper.hpp"

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace tapedeck::tools {
namespace {

constexpr std::string_view kCommon = "Host: shop.example\r\nUser-Agent: demo-shopper/1.0\r\n";

}  // namespace

Shopper::Shopper(std::uint64_t seed) : x_random(seed), x_takes_gzip(below(2) == 0) {}

std::string Shopper::next_request() {
  if (below(100) >= 8) return next_get();
  const std::uint64_t product = 1 + below(60);  // in statements of their own: arguments have no order
  const std::uint64_t quantity = 1 + below(4);
  const std::string body = fmt::format(R"({{"product": {}, "quantity": {}}})", product, quantity);
  return fmt::format("POST /cart HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", kCommon,
                     body.size(), body);
}

std::string Shopper::next_get() {
  std::string fields;
  const std::string target = next_target();
  if (x_takes_gzip) fields += "Accept-Encoding: gzip\r\n";
  // A visitor who has seen the terms before asks whether they have changed.
  if (target == "/static/terms.txt" && below(2) == 0) fields += "If-None-Match: \"terms.txt-1\"\r\n";
  return fmt::format("GET {} HTTP/1.1\r\n{}{}\r\n", target, kCommon, fields);
}

std::string Shopper::next_target() {
  constexpr std::array<std::string_view, 6> kWords{"lamp", "green", "vase", "desk", "warm", "piano"};
  constexpr std::array<std::string_view, 3> kTexts{"terms.txt", "shipping.txt", "imprint.txt"};
  const std::uint64_t wish = below(100);
  if (wish < 30) return fmt::format("/products/{}", 1 + below(62));  // two of them are sold out for good
  if (wish < 50) return fmt::format("/products?page={}", 1 + below(6));
  if (wish < 65) return fmt::format("/orders/{}", 1 + below(1000));
  if (wish < 80) return fmt::format("/search?q={}", kWords[below(kWords.size())]);
  if (wish < 90) return "/recommendations";
  if (wish < 97) return fmt::format("/static/{}", kTexts[below(kTexts.size())]);
  return "/health";
}

}  // namespace tapedeck::tools
