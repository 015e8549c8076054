#pragma once
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace tapedeck::replay {

struct BreakerLimits {
  std::uint32_t failures = 50;  // connects in a row
  Duration without_success = std::chrono::seconds(1);
  Duration probe_every = std::chrono::milliseconds(250);
};

/// Stops a dead target from being hammered: open, nothing new is connected but a probe now and then; a probe that
/// connects closes it.
class Breaker {
 public:
  explicit Breaker(BreakerLimits limits = {}) : x_limits(limits) {}

  bool open() const { return x_open; }
  void on_connected(MonoTime now) {
    x_failures = 0;
    x_open = false;
    x_last_success = now;
  }
  void on_connect_failed(MonoTime now) {
    if (!x_last_success) x_last_success = now;  // nothing was known before the first attempt
    ++x_failures;
    if (x_open || x_failures < x_limits.failures || now - *x_last_success < x_limits.without_success) return;
    x_open = true;
    x_next_probe = now + x_limits.probe_every;
  }
  /// Once each `probe_every` while open.
  bool probe_due(MonoTime now) {
    if (!x_open || now < x_next_probe) return false;
    x_next_probe = now + x_limits.probe_every;
    return true;
  }

 private:
  BreakerLimits x_limits;
  std::uint32_t x_failures = 0;
  bool x_open = false;
  std::optional<MonoTime> x_last_success;
  MonoTime x_next_probe{};
};

}  // namespace tapedeck::replay
