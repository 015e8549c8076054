#include "base/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tapedeck;
using namespace std::chrono_literals;

namespace {

std::vector<std::int64_t> spread_values(unsigned seed, std::size_t n) {
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> values(n);
  for (auto& v : values) v = static_cast<std::int64_t>(random() >> (random() % 63 + 1));
  return values;
}

Histogram histogram_of(const std::vector<std::int64_t>& values) {
  Histogram h;
  for (const auto v : values) h.add(Duration{v});
  return h;
}

Histogram merged(Histogram a, const Histogram& b) {
  a.merge(b);
  return a;
}

void check_equal(const Histogram& a, const Histogram& b) {
  CHECK(a.sparse() == b.sparse());
  CHECK(a.count() == b.count());
  CHECK(a.min() == b.min());
  CHECK(a.max() == b.max());
}

}  // namespace

TEST_CASE("an empty histogram answers 0") {
  const Histogram h;
  CHECK(h.count() == 0);
  CHECK(h.min() == 0ns);
  CHECK(h.max() == 0ns);
  CHECK(h.mean_ns() == 0);
  CHECK(h.quantile(0.99) == 0ns);
  CHECK(h.count_above(0ns) == 0);
  CHECK(h.buckets().empty());
}

TEST_CASE("values below 256 ns are exact") {
  for (std::int64_t v = 0; v < 256; ++v) {
    Histogram h;
    h.add(Duration{v});
    h.add(Duration{1'000'000});
    CHECK(h.quantile(0.5) == Duration{v});
  }
}

TEST_CASE("a value is off by less than 0.8 %, and never below the true one") {
  for (const std::int64_t v : spread_values(7, 100'000)) {
    Histogram h;
    h.add(Duration{v});
    const auto bucket = h.buckets().at(0);
    REQUIRE(bucket.low.count() <= v);
    REQUIRE(bucket.high.count() >= v);
    REQUIRE(static_cast<double>(bucket.high.count() - v) <= 0.008 * static_cast<double>(v));
  }
}

TEST_CASE("buckets follow each other without gap or overlap up to the largest value") {
  Histogram h;
  for (std::uint32_t i = 0; i < Histogram::kBuckets; ++i) REQUIRE(h.add_sparse(i, 1, 0ns, Duration::max()));
  const auto buckets = h.buckets();
  REQUIRE(buckets.size() == Histogram::kBuckets);
  CHECK(buckets.front().low == 0ns);
  CHECK(buckets.back().high == Duration::max());
  for (std::size_t i = 1; i < buckets.size(); ++i) REQUIRE(buckets[i].low == buckets[i - 1].high + 1ns);
}

TEST_CASE("a quantile is the value at the nearest rank") {
  Histogram h;
  for (int v = 1; v <= 100; ++v) h.add(Duration{v});
  for (int percent = 1; percent <= 100; ++percent) {
    CAPTURE(percent);
    CHECK(h.quantile(percent / 100.0) == Duration{percent});
  }
  CHECK(h.quantile(0.001) == 1ns);
  CHECK(h.quantile(0.505) == 51ns);
  CHECK(h.quantile(0.999) == 100ns);
}

TEST_CASE("quantiles agree with a sorted list within the error") {
  auto values = spread_values(11, 10'001);
  const Histogram h = histogram_of(values);
  std::sort(values.begin(), values.end());
  for (const double q : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    CAPTURE(q);
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
    const auto truth = static_cast<double>(values[rank - 1]);
    const auto got = static_cast<double>(h.quantile(q).count());
    CHECK(got >= truth);
    CHECK(got <= truth * 1.008);
  }
}

TEST_CASE("no quantile is above the largest value seen") {
  Histogram h;
  h.add(1'000'001ns);
  CHECK(h.quantile(1) == 1'000'001ns);
  CHECK(h.quantile(0.5) == 1'000'001ns);
}

TEST_CASE("a negative value counts as 0, a count stands for many") {
  Histogram h;
  h.add(-5ns);
  h.add(10ns, 3);
  h.add(99ns, 0);
  CHECK(h.count() == 4);
  CHECK(h.min() == 0ns);
  CHECK(h.max() == 10ns);
  CHECK(h.mean_ns() == 7.5);
}

TEST_CASE("merging is adding: any grouping and order gives the same histogram as one") {
  const auto a = spread_values(1, 1000);
  const auto b = spread_values(2, 10);
  const auto c = spread_values(3, 5000);
  auto all = a;
  all.insert(all.end(), b.begin(), b.end());
  all.insert(all.end(), c.begin(), c.end());
  const Histogram ha = histogram_of(a), hb = histogram_of(b), hc = histogram_of(c), one = histogram_of(all);
  check_equal(merged(merged(ha, hb), hc), one);
  check_equal(merged(ha, merged(hb, hc)), one);
  check_equal(merged(merged(hc, hb), ha), one);
  check_equal(merged(one, Histogram{}), one);
  check_equal(merged(Histogram{}, one), one);
}

TEST_CASE("count_above counts what is surely above") {
  Histogram h;
  for (const auto v : {1ms, 10ms, 100ms, 200ms}) h.add(v);
  CHECK(h.count_above(50ms) == 2);
  CHECK(h.count_above(200ms) == 0);
  CHECK(h.count_above(-1ns) == 4);
  CHECK(h.count_above(0ns) == 4);
  CHECK(h.count_above(Duration::max()) == 0);
}

TEST_CASE("the sparse form reads back to the same histogram") {
  const Histogram h = histogram_of(spread_values(5, 3000));
  Histogram back;
  for (const auto& [index, count] : h.sparse()) REQUIRE(back.add_sparse(index, count, h.min(), h.max()));
  check_equal(back, h);
  CHECK(std::abs(back.mean_ns() / h.mean_ns() - 1) < 0.008);
}

TEST_CASE("sparse numbers that cannot belong together are refused and change nothing") {
  Histogram h;
  CHECK_FALSE(h.add_sparse(Histogram::kBuckets, 1, 0ns, Duration::max()));
  CHECK_FALSE(h.add_sparse(5, 1, 6ns, 10ns));
  CHECK_FALSE(h.add_sparse(5, 1, 0ns, 4ns));
  CHECK_FALSE(h.add_sparse(5, 1, 9ns, 1ns));
  CHECK_FALSE(h.add_sparse(5, 1, -1ns, 9ns));
  CHECK(h.count() == 0);
  REQUIRE(h.add_sparse(5, ~std::uint64_t{0}, 0ns, 9ns));
  CHECK_FALSE(h.add_sparse(5, 1, 0ns, 9ns));
}

TEST_CASE("the standard deviation is that of the values") {
  Histogram h;
  for (const int v : {2, 4, 4, 4, 5, 5, 7, 9}) h.add(Duration{v});
  CHECK(h.standard_deviation_ns() == doctest::Approx(2));
}

TEST_CASE("hgrm: the percentile table of HdrHistogram") {
  Histogram h;
  h.add(1ms, 2);
  h.add(2ms);
  h.add(3ms);
  CHECK(h.to_hgrm() ==
        "       Value     Percentile TotalCount 1/(1-Percentile)\n"
        "\n"
        "    1003.519 0.000000000000          2           1.00\n"
        "    1003.519 0.100000000000          2           1.11\n"
        "    1003.519 0.200000000000          2           1.25\n"
        "    1003.519 0.300000000000          2           1.43\n"
        "    1003.519 0.400000000000          2           1.67\n"
        "    1003.519 0.500000000000          2           2.00\n"
        "    2007.039 0.550000000000          3           2.22\n"
        "    2007.039 0.600000000000          3           2.50\n"
        "    2007.039 0.650000000000          3           2.86\n"
        "    2007.039 0.700000000000          3           3.33\n"
        "    2007.039 0.750000000000          3           4.00\n"
        "    3000.000 1.000000000000          4\n"
        "#[Mean    =     1750.000, StdDeviation   =      831.154]\n"
        "#[Max     =     3000.000, Total count    =            4]\n"
        "#[Buckets =           56, SubBuckets     =          256]\n");
}

TEST_CASE("hgrm of an empty histogram is a table without values") {
  CHECK(Histogram{}.to_hgrm().find("       0.000 1.000000000000          0\n") != std::string::npos);
}
