#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace tapedeck {

/// Log-linear histogram of durations in ns: 128 sub-buckets a power of two, so a value is off by < 0.8 %.
/// Exact below 256 ns. Holds counts only; merging is adding, so it is associative and commutative.
class Histogram {
 public:
  static constexpr std::uint32_t kBuckets = 256 + 55 * 128;  // enough for every int64

  void add(Duration value, std::uint64_t count = 1);  // negative values count as 0
  void merge(const Histogram& other);

  std::uint64_t count() const { return x_count; }
  Duration min() const;  // exact; 0 if empty
  Duration max() const;  // exact; 0 if empty
  double mean_ns() const;
  /// Nearest rank: the value at rank ceil(q * count), q within (0, 1]; its bucket's upper end, at most max(). 0 if
  /// empty.
  Duration quantile(double q) const;
  /// How many values are surely above `limit` (counted by bucket: those whose bucket starts above it).
  std::uint64_t count_above(Duration limit) const;

  struct Bucket {
    Duration low, high;  // inclusive
    std::uint64_t count;
  };
  std::vector<Bucket> buckets() const;  // the filled ones, ascending

  /// The percentile table of HdrHistogram (.hgrm), values in microseconds.
  std::string to_hgrm() const;

  double standard_deviation_ns() const;  // by the middles of the buckets

  /// The filled buckets as (index, count), ascending: with min() and max() all that a stored result needs.
  std::vector<std::pair<std::uint32_t, std::uint64_t>> sparse() const;
  /// Reads one such pair back; `low` and `high` are min() and max() of the histogram it came from. The mean is then
  /// that of the buckets' middles. False, and nothing added, if the numbers cannot belong together (a stored file is
  /// not trusted).
  bool add_sparse(std::uint32_t index, std::uint64_t count, Duration low, Duration high);

 private:
  struct Rank {
    Duration value;
    std::uint64_t count;  // values up to the end of its bucket
  };
  Rank at(double q) const;  // x_count != 0
  void put(std::uint32_t index, std::uint64_t count, std::int64_t low, std::int64_t high);

  std::vector<std::uint64_t> x_counts;  // grown to the highest bucket used
  std::uint64_t x_count = 0;
  std::int64_t x_min = 0;
  std::int64_t x_max = 0;
  long double x_sum = 0;
};

}  // namespace tapedeck
