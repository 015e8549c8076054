#include "base/clock.hpp"

namespace tapedeck {
namespace {

struct SystemClock final : Clock {
  Time wall() const override { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
  MonoTime mono() const override { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace tapedeck
