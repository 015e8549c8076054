#pragma once
#include <atomic>
#include <cstdint>

namespace tapedeck::proxy {

/// Written by one thread, read by any.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    x_count.store(x_count.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return x_count.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> x_count{0};
};

/// A worker's share of ProxyTotals.
struct Counters {
  Counter connections;
  Counter proxied;
  Counter refused;
  Counter upstream_failures;
  Counter upstream_retries;
};

}  // namespace tapedeck::proxy
