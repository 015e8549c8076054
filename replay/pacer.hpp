#pragma once
#include <cstdint>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/clock.hpp"
#include "replay/replay.hpp"

namespace tapedeck::replay {

/// How long before a due time a worker stops sleeping and polls: p99 of the wake-up error of 500 sleeps, plus 10 us,
/// within 20 to 100 us. Takes 0.1 s.
Duration calibrated_window(const Clock& clock);

/// Waits for the next due time and runs handlers meanwhile, one at a time: many ready answers must not delay a request
/// that is due. A sleeping timer is precise to tens of microseconds only, so it is set to the due time less the window,
/// and the rest is polled.
class Pacer {
 public:
  enum class Waited : std::uint8_t { slept, handled, idle };

  Pacer(boost::asio::io_context& io, Wait wait, Duration window);

  /// At most one handler; returns at `until` at the latest, give or take the length of a handler.
  Waited wait(MonoTime until, MonoTime now);
  /// One handler if one is ready.
  Waited poll() { return x_io->poll_one() > 0 ? Waited::handled : Waited::idle; }

 private:
  void arm(MonoTime until);

  boost::asio::io_context* x_io;
  boost::asio::steady_timer x_timer;
  Wait x_wait;
  Duration x_window;
  std::optional<MonoTime> x_armed;
};

}  // namespace tapedeck::replay
