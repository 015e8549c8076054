#include "replay/pacer.hpp"

#include <algorithm>

#include "base/histogram.hpp"

namespace tapedeck::replay {

namespace asio = boost::asio;

Duration calibrated_window(const Clock& clock) {
  constexpr int kSleeps = 500;
  constexpr Duration kSleep = std::chrono::microseconds(200);
  asio::io_context io(1);
  asio::steady_timer timer(io);
  Histogram errors;
  for (int i = 0; i < kSleeps; ++i) {
    const MonoTime until = clock.mono() + kSleep;
    timer.expires_at(until);
    timer.async_wait([](const error_code&) {});
    io.restart();
    io.run_one();
    errors.add(clock.mono() - until);
  }
  return std::clamp<Duration>(errors.quantile(0.99) + std::chrono::microseconds(10), std::chrono::microseconds(20),
                              std::chrono::microseconds(100));
}

Pacer::Pacer(asio::io_context& io, Wait wait, Duration window)
    : x_io(&io), x_timer(io), x_wait(wait), x_window(window) {
  if (wait == Wait::sleep) x_window = Duration::zero();
}

Pacer::Waited Pacer::wait(MonoTime until, MonoTime now) {
  if (x_wait == Wait::spin || until - now <= x_window) return poll();
  arm(until - x_window);
  x_io->run_one();
  return Waited::slept;
}

void Pacer::arm(MonoTime until) {
  if (x_armed == until) return;
  x_armed = until;
  x_timer.expires_at(until);
  x_timer.async_wait([this, until](const error_code&) {
    if (x_armed == until) x_armed.reset();
  });
}

}  // namespace tapedeck::replay
