#pragma once
#include <cstdint>
#include <random>
#include <string>

namespace tapedeck::tools {

/// What one visitor of the demo's shop asks for, request after request. Same seed, same requests.
class Shopper {
 public:
  explicit Shopper(std::uint64_t seed);

  /// A whole HTTP/1.1 request for a connection that stays open.
  std::string next_request();

 private:
  std::uint64_t below(std::uint64_t n) { return x_random() % n; }
  std::string next_get();
  std::string next_target();

  std::mt19937_64 x_random;
  bool x_takes_gzip;
};

}  // namespace tapedeck::tools
