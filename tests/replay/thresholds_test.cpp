#include "replay/thresholds.hpp"

#include <limits>
#include <map>

#include <doctest/doctest.h>

#include "replay/abort_watch.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::replay;

namespace {

bool holds(std::string_view text, std::map<std::string, double, std::less<>> values) {
  const auto threshold = Threshold::parse(text);
  REQUIRE(threshold.has_value());
  return threshold->holds([&](std::string_view name) { return values.find(name)->second; });
}

}  // namespace

TEST_CASE("a latency is compared with a duration, a rate with a share") {
  CHECK(holds("p99 > 300ms", {{"p99", 300'000'001}}));
  CHECK_FALSE(holds("p99 > 300ms", {{"p99", 300'000'000}}));
  CHECK(holds("p99>=300ms", {{"p99", 300'000'000}}));
  CHECK(holds("error_rate > 1%", {{"error_rate", 0.011}}));
  CHECK(holds("difference_rate<=0.001", {{"difference_rate", 0.001}}));
}

TEST_CASE("`and` binds tighter than `or`") {
  const std::map<std::string, double, std::less<>> slow{{"p50", 9e9}, {"p99", 9e9}, {"error_rate", 0}};
  CHECK(holds("p50 > 1s or p99 > 1s and error_rate > 1%", slow));
  CHECK_FALSE(holds("p50 < 1s or p99 > 1s and error_rate > 1%", slow));
  CHECK(holds("error_rate > 1% and p99 > 1s or p50 > 1s", slow));
}

TEST_CASE("an infinite latency is above every limit") {
  CHECK(holds("max > 1h", {{"max", std::numeric_limits<double>::infinity()}}));
}

TEST_CASE("a wrong threshold is refused with its text and a right one") {
  for (const std::string_view text :
       {"", "p98 > 1s", "p99", "p99 = 1s", "p99 > fast", "error_rate > 2s", "p99 > 1s p50 > 1s", "p99 > 1s and"}) {
    const auto threshold = Threshold::parse(text);
    REQUIRE_FALSE(threshold.has_value());
    CHECK(threshold.error().message.find("p99 > 300ms and error_rate > 1%") != std::string::npos);
  }
}

TEST_CASE("a threshold knows what it measures") {
  const auto threshold = Threshold::parse("error_rate > 1% or p999 > 2s");
  REQUIRE(threshold.has_value());
  CHECK(threshold->first_measure() == "error_rate");
  CHECK(threshold->names("p999"));
  CHECK(threshold->names_latency());
  CHECK_FALSE(Threshold::parse("error_rate > 1%")->names_latency());
}

TEST_CASE("an unanswered request is slower than any other") {
  Histogram answered;
  answered.add(100ns, 98);
  CHECK(latency_quantile(answered, 0, 0.99) == 100);
  CHECK(latency_quantile(answered, 1, 0.98) == 100);
  CHECK(latency_quantile(answered, 2, 0.98) == 100);
  CHECK(latency_quantile(answered, 2, 0.99) == std::numeric_limits<double>::infinity());
}

TEST_CASE("a run is aborted by what held in the last ten seconds, from a hundred requests on") {
  const auto bad_second = [](std::uint64_t failed) {
    WindowCounts counts;
    counts.sent = counts.failed = counts.errors = failed;
    return counts;
  };
  const auto good_second = [] {
    WindowCounts counts;
    counts.sent = counts.answered = 1000;
    counts.latency.add(1ms, 1000);
    return counts;
  };
  AbortWatch watch(*Threshold::parse("error_rate > 90%"));
  watch.add(bad_second(99), {});
  CHECK_FALSE(watch.strikes());
  watch.add(bad_second(1), {});
  CHECK(watch.strikes());
  watch.add(good_second(), {});
  CHECK_FALSE(watch.strikes());
  for (int i = 0; i < 9; ++i) watch.add(bad_second(1000), {});
  CHECK_FALSE(watch.strikes());  // the good second is one of ten
  watch.add(bad_second(1000), {});
  CHECK(watch.strikes());
}
