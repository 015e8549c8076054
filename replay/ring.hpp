#pragma once
#include <atomic>
#include <cstddef>
#include <vector>

#include "replay/planned_request.hpp"

namespace tapedeck::replay {

/// Requests on their way from the reader (one thread) to a worker (one thread), in the order of their due times.
/// No locks: each side owns one index. The worker may look at all that is inside.
class Ring {
 public:
  /// `slots`: a power of two.
  explicit Ring(std::size_t slots = 1u << 16) : x_slots(slots), x_mask(slots - 1) {}

  // The reader's side.
  /// False if every slot is taken; then the request is untouched.
  bool try_push(RequestPtr& request) {
    const std::size_t tail = x_tail.load(std::memory_order_relaxed);
    if (tail - x_head.load(std::memory_order_acquire) == x_slots.size()) return false;
    x_pushed_bytes.fetch_add(request->bytes, std::memory_order_relaxed);
    x_slots[tail & x_mask] = std::move(request);
    x_tail.store(tail + 1, std::memory_order_release);
    return true;
  }
  /// Nothing more comes.
  void close() { x_closed.store(true, std::memory_order_release); }

  // The worker's side.
  /// The one `ahead` places behind the front; nullptr if it is not there yet.
  PlannedRequest* peek(std::size_t ahead) {
    const std::size_t at = x_head.load(std::memory_order_relaxed) + ahead;
    if (static_cast<std::ptrdiff_t>(x_tail.load(std::memory_order_acquire) - at) <= 0) return nullptr;
    return x_slots[at & x_mask].get();
  }
  RequestPtr pop() {
    const std::size_t head = x_head.load(std::memory_order_relaxed);
    RequestPtr request = std::move(x_slots[head & x_mask]);
    x_popped_bytes.fetch_add(request->bytes, std::memory_order_relaxed);
    x_head.store(head + 1, std::memory_order_release);
    return request;
  }
  /// Closed, and nothing is inside.
  bool at_end() {
    const bool closed = x_closed.load(std::memory_order_acquire);  // before the look inside: a push may precede close
    return closed && peek(0) == nullptr;
  }

  // Both sides.
  std::size_t bytes() const {
    const std::size_t popped = x_popped_bytes.load(std::memory_order_relaxed);
    return x_pushed_bytes.load(std::memory_order_relaxed) - popped;
  }
  std::size_t size() const {
    const std::size_t head = x_head.load(std::memory_order_acquire);
    return x_tail.load(std::memory_order_acquire) - head;
  }

 private:
  std::vector<RequestPtr> x_slots;
  std::size_t x_mask;
  alignas(64) std::atomic<std::size_t> x_head{0};
  std::atomic<std::size_t> x_popped_bytes{0};
  alignas(64) std::atomic<std::size_t> x_tail{0};
  std::atomic<std::size_t> x_pushed_bytes{0};
  std::atomic<bool> x_closed{false};
};

}  // namespace tapedeck::replay
