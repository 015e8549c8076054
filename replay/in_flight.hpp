#pragma once
#include <atomic>
#include <cstddef>

namespace tapedeck::replay {

/// The in-flight limit of the whole run, shared by its workers.
class InFlight {
 public:
  explicit InFlight(std::size_t limit) : x_limit(limit) {}
  bool try_enter() {
    if (x_count.fetch_add(1, std::memory_order_relaxed) < x_limit) return true;
    leave();
    return false;
  }
  void leave() { x_count.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t limit() const { return x_limit; }
  std::size_t count() const { return x_count.load(std::memory_order_relaxed); }

 private:
  std::size_t x_limit;
  std::atomic<std::size_t> x_count{0};
};

}  // namespace tapedeck::replay
