#include "base/bounded_queue.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace tapedeck;
using namespace std::chrono_literals;

TEST_CASE("items come out in the order they went in") {
  BoundedQueue<int> queue(3);
  for (int i = 1; i <= 3; ++i) REQUIRE(queue.try_push(std::move(i)));
  CHECK(queue.try_pop() == 1);
  CHECK(queue.try_pop() == 2);
  CHECK(queue.try_pop() == 3);
  CHECK(queue.try_pop() == std::nullopt);
}

TEST_CASE("a full queue refuses, and the item is untouched") {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  REQUIRE(queue.try_push(std::make_unique<int>(1)));
  auto item = std::make_unique<int>(2);
  CHECK_FALSE(queue.try_push(std::move(item)));
  CHECK(*item == 2);
  queue.try_pop();
  CHECK(queue.try_push(std::move(item)));
}

TEST_CASE("the bound is the sum of the costs") {
  BoundedQueue<int> queue(10);
  CHECK(queue.try_push(1, 6));
  CHECK_FALSE(queue.try_push(2, 5));
  CHECK(queue.try_push(3, 4));
  CHECK(queue.cost() == 10);
  queue.try_pop();
  CHECK(queue.cost() == 4);
}

TEST_CASE("an item above the capacity is taken when the queue is empty") {
  BoundedQueue<int> queue(10);
  CHECK(queue.try_push(1, 1000));
  CHECK_FALSE(queue.try_push(2, 1));
  CHECK(queue.pop() == 1);
  CHECK(queue.push(2, 1000));
}

TEST_CASE("a closed queue takes nothing and gives what is inside, then nothing") {
  BoundedQueue<int> queue(10);
  REQUIRE(queue.push(1));
  queue.close();
  CHECK(queue.closed());
  CHECK_FALSE(queue.push(2));
  CHECK_FALSE(queue.try_push(2));
  CHECK(queue.pop() == 1);
  CHECK(queue.pop() == std::nullopt);
}

TEST_CASE("pop_for gives up when nothing comes") {
  BoundedQueue<int> queue(1);
  CHECK(queue.pop_for(1ms) == std::nullopt);
}

TEST_CASE("close wakes who waits to push and who waits to pop") {
  BoundedQueue<int> full(1);
  BoundedQueue<int> empty(1);
  REQUIRE(full.push(1));
  std::atomic<bool> pushed = true;
  std::atomic<bool> popped = true;
  std::thread pusher([&] { pushed = full.push(2); });
  std::thread popper([&] { popped = empty.pop().has_value(); });
  full.close();
  empty.close();
  pusher.join();
  popper.join();
  CHECK_FALSE(pushed);
  CHECK_FALSE(popped);
}

TEST_CASE("many pushers and poppers lose and double nothing") {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  BoundedQueue<int> queue(16);
  std::atomic<long> sum = 0;
  std::atomic<int> count = 0;
  std::vector<std::thread> pushers;
  std::vector<std::thread> poppers;
  for (int t = 0; t < kThreads; ++t) {
    pushers.emplace_back([&queue, t] {
      for (int i = 0; i < kEach; ++i) queue.push(t * kEach + i);
    });
    poppers.emplace_back([&] {
      while (const auto item = queue.pop()) {
        sum += *item;
        ++count;
      }
    });
  }
  for (auto& thread : pushers) thread.join();
  queue.close();
  for (auto& thread : poppers) thread.join();
  constexpr long kTotal = long{kThreads} * kEach;
  CHECK(count == kTotal);
  CHECK(sum == kTotal * (kTotal - 1) / 2);
}
