#include "replay/profile.hpp"

#include <cassert>
#include <cmath>

namespace tapedeck::replay {
namespace {

constexpr long double kNsPerSecond = 1e9L;
constexpr long double kLongest = 9.2e18L;  // 292 years: fits a Duration

Duration rounded(long double ns) {
  if (ns > kLongest) return Duration::max();
  return Duration(std::llroundl(ns));
}

}  // namespace

Profile Profile::speed(double speed) {
  assert(speed > 0);
  return {Kind::speed, speed};
}

Profile Profile::rate(double per_second) {
  assert(per_second > 0);
  return {Kind::rate, per_second};
}

Profile Profile::at_once() { return {Kind::at_once, 1}; }

// A long double holds any 63-bit position exactly, and number * 1e9 up to 9.2e9 requests; the one division rounds once.
Duration Profile::time_of(std::int64_t position) const {
  const auto u = static_cast<long double>(position);
  switch (x_kind) {
    case Kind::speed: return rounded(u / x_value);
    case Kind::rate: return rounded(u * kNsPerSecond / x_value);
    case Kind::at_once: break;
  }
  return Duration::zero();
}

}  // namespace tapedeck::replay
