#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace tapedeck {

/// A queue between threads, bounded by the sum of its items' costs (bytes, or 1 each). Any number of pushers and
/// poppers. What happens when it is full is the caller's choice: `push` waits, `try_push` says no.
/// An item that alone costs more than the capacity is taken when the queue is empty, so it cannot wait for ever.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : x_capacity(capacity) {}

  /// Waits for room. False if the queue was closed; then the item is untouched.
  bool push(T&& item, std::size_t cost = 1) {
    std::unique_lock lock(x_mutex);
    x_has_room.wait(lock, [&] { return x_closed || fits(cost); });
    if (x_closed) return false;
    insert(std::move(item), cost);
    return true;
  }

  /// False if there is no room or the queue was closed; then the item is untouched.
  bool try_push(T&& item, std::size_t cost = 1) {
    const std::lock_guard lock(x_mutex);
    if (x_closed || !fits(cost)) return false;
    insert(std::move(item), cost);
    return true;
  }

  /// Waits for an item. Nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(x_mutex);
    x_has_item.wait(lock, [&] { return x_closed || !x_items.empty(); });
    return take();
  }

  template <class Rep, class Period>
  std::optional<T> pop_for(std::chrono::duration<Rep, Period> wait) {
    std::unique_lock lock(x_mutex);
    x_has_item.wait_for(lock, wait, [&] { return x_closed || !x_items.empty(); });
    return take();
  }

  std::optional<T> try_pop() {
    const std::lock_guard lock(x_mutex);
    return take();
  }

  /// No more pushes; what is inside can still be popped.
  void close() {
    const std::lock_guard lock(x_mutex);
    x_closed = true;
    x_has_item.notify_all();
    x_has_room.notify_all();
  }

  bool closed() const {
    const std::lock_guard lock(x_mutex);
    return x_closed;
  }

  std::size_t cost() const {
    const std::lock_guard lock(x_mutex);
    return x_cost;
  }

 private:
  bool fits(std::size_t cost) const { return x_items.empty() || x_cost + cost <= x_capacity; }

  void insert(T&& item, std::size_t cost) {
    x_items.emplace_back(std::move(item), cost);
    x_cost += cost;
    x_has_item.notify_one();
  }

  std::optional<T> take() {
    if (x_items.empty()) return std::nullopt;
    std::optional<T> item(std::move(x_items.front().first));
    x_cost -= x_items.front().second;
    x_items.pop_front();
    x_has_room.notify_all();
    return item;
  }

  const std::size_t x_capacity;
  mutable std::mutex x_mutex;
  std::condition_variable x_has_item;
  std::condition_variable x_has_room;
  std::deque<std::pair<T, std::size_t>> x_items;
  std::size_t x_cost = 0;
  bool x_closed = false;
};

}  // namespace tapedeck
