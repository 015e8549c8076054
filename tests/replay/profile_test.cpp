#include "replay/profile.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using tapedeck::Duration;
using tapedeck::replay::Profile;

TEST_CASE("speed divides recorded time") {
  CHECK(Profile::speed(1).time_of(1'234'567'891) == 1'234'567'891ns);
  CHECK(Profile::speed(10).time_of(1'000'000'000) == 100ms);
  CHECK(Profile::speed(0.5).time_of(1'000'000'000) == 2s);
}

TEST_CASE("rate spaces numbers evenly") {
  CHECK(Profile::rate(500).time_of(0) == 0ns);
  CHECK(Profile::rate(500).time_of(1) == 2ms);
  CHECK(Profile::rate(3).time_of(3) == 1s);
  CHECK(Profile::rate(3).time_of(1) == 333'333'333ns);
}

TEST_CASE("the last of ten million due times is exact") {
  constexpr std::int64_t kLast = 10'000'000 - 1;
  CHECK(Profile::rate(1000).time_of(kLast) == Duration(kLast * 1'000'000));
  CHECK(Profile::rate(7).time_of(7 * kLast) == Duration(kLast * 1'000'000'000));
  CHECK(Profile::speed(8).time_of(kLast * 8'000'001) ==
        Duration(kLast * 1'000'000 + kLast / 8 + (kLast % 8 >= 4 ? 1 : 0)));
}

TEST_CASE("thirty days at an odd speed are off by less than a nanosecond") {
  constexpr std::int64_t kMonth = 30LL * 24 * 3600 * 1'000'000'000;
  const Duration third = Profile::speed(3).time_of(kMonth + 1);
  CHECK(third.count() == (kMonth + 1 + 1) / 3);
}

TEST_CASE("as fast as possible: everything is due at once") { CHECK(Profile::at_once().time_of(1'000'000'000) == 0ns); }
