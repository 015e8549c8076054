#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "format/byte_source.hpp"

namespace tapedeck::test {

/// What was read of a tape in memory.
struct ReadLog {
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  std::vector<Range> ranges;

  std::size_t reads() const { return ranges.size(); }
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const Range& range : ranges) sum += range.end - range.begin;
    return sum;
  }
  /// Whether no byte was read twice.
  bool are_disjoint() const {
    std::vector<Range> sorted = ranges;
    std::sort(sorted.begin(), sorted.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      if (sorted[i].begin < sorted[i - 1].end) return false;
    }
    return true;
  }
};

class CountingSource final : public format::ByteSource {
 public:
  CountingSource(std::shared_ptr<const std::string> bytes, std::shared_ptr<ReadLog> log)
      : x_bytes(std::move(bytes)), x_log(std::move(log)) {}

  Result<std::uint64_t> size() const override { return std::uint64_t{x_bytes->size()}; }
  Result<std::size_t> read_at(std::uint64_t offset, Bytes into) const override {
    const std::string_view found =
        std::string_view(*x_bytes).substr(std::min(static_cast<std::size_t>(offset), x_bytes->size()), into.size());
    std::copy_n(as_bytes(found).begin(), found.size(), into.begin());
    x_log->ranges.push_back({offset, offset + found.size()});
    return found.size();
  }

 private:
  std::shared_ptr<const std::string> x_bytes;  // owners: the test, its sources
  std::shared_ptr<ReadLog> x_log;              // owners: the source, the test
};

}  // namespace tapedeck::test
