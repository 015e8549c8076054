#include "net/deadline_wheel.hpp"

#include <memory>
#include <optional>
#include <random>
#include <vector>

#include <doctest/doctest.h>

using namespace tapedeck;
using namespace tapedeck::net;
using namespace std::chrono_literals;

namespace {

const MonoTime kStart{std::chrono::hours(5)};

struct Alarm final : DeadlineWheel::Entry {
  void due(MonoTime now) override { rang = now; }
  std::optional<MonoTime> rang;
};

}  // namespace

TEST_CASE("a deadline never fires early, and at most two slots late") {
  std::mt19937 random(3);
  DeadlineWheel wheel(kStart);
  std::vector<std::unique_ptr<Alarm>> alarms;
  std::vector<MonoTime> dues;
  for (int i = 0; i < 500; ++i) {
    alarms.push_back(std::make_unique<Alarm>());
    dues.push_back(kStart + std::chrono::milliseconds(random() % 100'000));  // up to four turns of the wheel
    wheel.set(*alarms.back(), dues.back());
  }
  for (MonoTime now = kStart; now < kStart + 101s; now += 50ms) wheel.advance(now);
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    REQUIRE(alarms[i]->rang.has_value());
    CHECK(*alarms[i]->rang >= dues[i]);
    CHECK(*alarms[i]->rang <= dues[i] + 2 * DeadlineWheel::kSlot);
  }
}

TEST_CASE("the last deadline set is the one that holds") {
  DeadlineWheel wheel(kStart);
  Alarm later, earlier, cleared;
  wheel.set(later, kStart + 1s);
  wheel.set(later, kStart + 3s);
  wheel.set(earlier, kStart + 3s);
  wheel.set(earlier, kStart + 1s);
  wheel.set(cleared, kStart + 1s);
  wheel.clear(cleared);
  for (MonoTime now = kStart; now <= kStart + 2s; now += 50ms) wheel.advance(now);
  CHECK_FALSE(later.rang.has_value());
  CHECK(earlier.rang.has_value());
  CHECK_FALSE(cleared.rang.has_value());
  for (MonoTime now = kStart + 2s; now <= kStart + 4s; now += 50ms) wheel.advance(now);
  CHECK(later.rang.has_value());
}

TEST_CASE("a jump of the clock over many turns fires everything once") {
  DeadlineWheel wheel(kStart);
  Alarm near, far;
  wheel.set(near, kStart + 1s);
  wheel.set(far, kStart + 300s);
  wheel.advance(kStart + 1000s);
  CHECK(near.rang.has_value());
  CHECK(far.rang.has_value());
}

TEST_CASE("what has a deadline may go away, also while deadlines fire") {
  struct Killer final : DeadlineWheel::Entry {
    void due(MonoTime) override { victim.reset(); }
    std::unique_ptr<Alarm> victim = std::make_unique<Alarm>();
  };
  DeadlineWheel wheel(kStart);
  Killer one, other;
  auto gone = std::make_unique<Alarm>();
  for (Killer* killer : {&one, &other}) {
    wheel.set(*killer->victim, kStart + 1s);
    wheel.set(*killer, kStart + 1s);
  }
  wheel.set(*gone, kStart + 1s);
  gone.reset();
  wheel.advance(kStart + 2s);
  CHECK_FALSE(one.victim);
  CHECK_FALSE(other.victim);
}
