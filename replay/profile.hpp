#pragma once
#include <cstdint>

#include "base/time.hpp"

namespace tapedeck::replay {

/// The wanted load. A request's position is its recorded time in ns after the base time (speed), or its number (rate).
/// Times are absolute, counted from T0: nothing is ever added up, so the error stays below 1 ns at any distance.
class Profile {
 public:
  /// Position in recorded ns; `speed` > 0.
  static Profile speed(double speed);
  /// Position is a number; `per_second` > 0.
  static Profile rate(double per_second);
  /// Everything is due at T0: the closed loop decides.
  static Profile at_once();

  bool by_number() const { return x_kind == Kind::rate; }
  /// When `position` is due, after T0.
  Duration time_of(std::int64_t position) const;

 private:
  enum class Kind : std::uint8_t { speed, rate, at_once };
  Profile(Kind kind, double value) : x_kind(kind), x_value(value) {}

  Kind x_kind;
  double x_value;
};

}  // namespace tapedeck::replay
