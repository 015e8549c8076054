#include "base/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>

#include <fmt/format.h>

namespace tapedeck {
namespace {

// Values below 2^8 have a bucket each. From there on every power of two [2^m, 2^(m+1)) is cut into 128 buckets of
// 2^(m-7), so a bucket's ends differ by less than 1/128 of its value.
constexpr std::uint32_t kExact = 256;
constexpr std::uint32_t kSubBuckets = 128;

std::uint32_t index_of(std::int64_t value) {
  const auto v = static_cast<std::uint64_t>(value);
  if (v < kExact) return static_cast<std::uint32_t>(v);
  const auto msb = static_cast<std::uint32_t>(std::bit_width(v)) - 1;
  const auto top = static_cast<std::uint32_t>(v >> (msb - 7));  // within [128, 256)
  return kExact + (msb - 8) * kSubBuckets + (top - kSubBuckets);
}

std::int64_t low_of(std::uint32_t index) {
  if (index < kExact) return index;
  const std::uint32_t shift = (index - kExact) / kSubBuckets + 1;
  const std::int64_t top = kSubBuckets + (index - kExact) % kSubBuckets;
  return top << shift;
}

std::int64_t high_of(std::uint32_t index) {
  return index + 1 < Histogram::kBuckets ? low_of(index + 1) - 1 : std::numeric_limits<std::int64_t>::max();
}

long double middle_of(std::uint32_t index) {
  return (static_cast<long double>(low_of(index)) + static_cast<long double>(high_of(index))) / 2;
}

/// ceil(q * count) for q as the decimal that was meant: 0.07 * 100 is 7, though the double 0.07 is a little more.
std::uint64_t nearest_rank(double q, std::uint64_t count) {
  const long double exact = static_cast<long double>(q) * static_cast<long double>(count);
  const long double rank = std::ceil(exact * (1 - std::numeric_limits<double>::epsilon()));
  if (!(rank > 1)) return 1;
  return rank >= static_cast<long double>(count) ? count : static_cast<std::uint64_t>(rank);
}

}  // namespace

void Histogram::add(Duration value, std::uint64_t count) {
  if (count == 0) return;
  const std::int64_t ns = std::max<std::int64_t>(0, value.count());
  put(index_of(ns), count, ns, ns);
  x_sum += static_cast<long double>(ns) * static_cast<long double>(count);
}

void Histogram::put(std::uint32_t index, std::uint64_t count, std::int64_t low, std::int64_t high) {
  if (index >= x_counts.size()) x_counts.resize(index + 1);
  x_counts[index] += count;
  x_min = x_count == 0 ? low : std::min(x_min, low);
  x_max = x_count == 0 ? high : std::max(x_max, high);
  x_count += count;
}

void Histogram::merge(const Histogram& other) {
  if (other.x_count == 0) return;
  if (other.x_counts.size() > x_counts.size()) x_counts.resize(other.x_counts.size());
  for (std::size_t i = 0; i < other.x_counts.size(); ++i) x_counts[i] += other.x_counts[i];
  x_min = x_count == 0 ? other.x_min : std::min(x_min, other.x_min);
  x_max = x_count == 0 ? other.x_max : std::max(x_max, other.x_max);
  x_count += other.x_count;
  x_sum += other.x_sum;
}

Duration Histogram::min() const { return Duration{x_min}; }
Duration Histogram::max() const { return Duration{x_max}; }

double Histogram::mean_ns() const {
  return x_count == 0 ? 0 : static_cast<double>(x_sum / static_cast<long double>(x_count));
}

Histogram::Rank Histogram::at(double q) const {
  const std::uint64_t rank = nearest_rank(q, x_count);
  std::uint64_t reached = 0;
  for (std::uint32_t i = 0; i < x_counts.size(); ++i) {
    reached += x_counts[i];
    if (reached >= rank) return {Duration{std::min(high_of(i), x_max)}, reached};
  }
  return {Duration{x_max}, x_count};
}

Duration Histogram::quantile(double q) const { return x_count == 0 ? Duration::zero() : at(q).value; }

std::uint64_t Histogram::count_above(Duration limit) const {
  if (limit < Duration::zero()) return x_count;
  std::uint64_t above = 0;
  for (std::size_t i = std::size_t{index_of(limit.count())} + 1; i < x_counts.size(); ++i) above += x_counts[i];
  return above;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> out;
  for (const auto& [index, count] : sparse()) out.push_back({Duration{low_of(index)}, Duration{high_of(index)}, count});
  return out;
}

std::vector<std::pair<std::uint32_t, std::uint64_t>> Histogram::sparse() const {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> out;
  for (std::uint32_t i = 0; i < x_counts.size(); ++i) {
    if (x_counts[i] != 0) out.emplace_back(i, x_counts[i]);
  }
  return out;
}

bool Histogram::add_sparse(std::uint32_t index, std::uint64_t count, Duration low, Duration high) {
  if (index >= kBuckets || low < Duration::zero() || low > high) return false;
  if (low.count() > high_of(index) || high.count() < low_of(index)) return false;
  if (count > std::numeric_limits<std::uint64_t>::max() - x_count) return false;
  if (count == 0) return true;
  put(index, count, low.count(), high.count());
  x_sum += middle_of(index) * static_cast<long double>(count);
  return true;
}

double Histogram::standard_deviation_ns() const {
  if (x_count == 0) return 0;
  const auto mean = static_cast<long double>(mean_ns());
  long double squares = 0;
  for (const auto& [index, count] : sparse()) {
    const long double off = middle_of(index) - mean;
    squares += off * off * static_cast<long double>(count);
  }
  return static_cast<double>(std::sqrt(squares / static_cast<long double>(x_count)));
}

std::string Histogram::to_hgrm() const {
  constexpr int kTicks = 5;  // rows until the distance to 100 % has halved, HdrHistogram's default
  const auto us = [](auto ns) { return static_cast<double>(ns) / 1000; };
  std::string out =
      fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  const auto to = std::back_inserter(out);
  for (int tick = 0; x_count != 0; ++tick) {
    const double left = std::exp2(-tick / kTicks) * (1 - tick % kTicks / (2.0 * kTicks));
    const Rank row = at(1 - left);
    if (row.count >= x_count) break;  // the line of 100 % says the same
    fmt::format_to(to, "{:12.3f} {:.12f} {:10} {:14.2f}\n", us(row.value.count()), 1 - left, row.count, 1 / left);
  }
  fmt::format_to(to, "{:12.3f} {:.12f} {:10}\n", us(x_max), 1.0, x_count);
  fmt::format_to(to, "#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", us(mean_ns()), us(standard_deviation_ns()));
  fmt::format_to(to, "#[Max     = {:12.3f}, Total count    = {:12}]\n", us(x_max), x_count);
  fmt::format_to(to, "#[Buckets = {:12}, SubBuckets     = {:12}]\n", (kBuckets - kSubBuckets) / kSubBuckets,
                 kSubBuckets * 2);
  return out;
}

}  // namespace tapedeck
