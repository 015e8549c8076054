#pragma once
#include <algorithm>
#include <optional>

#include "base/time.hpp"

namespace tapedeck::capture {

/// Now, as the packets tell: the largest time so far. A jump over an hour counts when a second packet confirms it, so
/// that one wrong stamp does not end every wait.
class CaptureClock {
 public:
  /// Takes note of a packet's time and returns the time it counts as: at most 1 s behind.
  Time observe(Time time) {
    if (!x_now) x_now = time;
    const bool far = time - *x_now > std::chrono::hours(1);
    const bool confirmed = far && x_suspect && time - *x_suspect <= std::chrono::hours(1);
    x_suspect = far ? std::optional<Time>(time) : std::nullopt;
    if (!far || confirmed) x_now = std::max(*x_now, time);
    return std::max(time, *x_now - std::chrono::seconds(1));
  }
  Time now() const { return x_now.value_or(Time{}); }

 private:
  std::optional<Time> x_now;
  std::optional<Time> x_suspect;
};

}  // namespace tapedeck::capture
