#include "diff/sequence_match.hpp"

#include <algorithm>

namespace tapedeck::diff {
namespace {

/// Furthest x reached on each diagonal k, for one number of edits d: k in -d..d, every other one.
using Row = std::vector<std::ptrdiff_t>;

class Myers {
 public:
  Myers(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) : x_a(a), x_b(b) {}

  std::optional<Matches> run(std::size_t max_edits) {
    const auto limit = static_cast<std::ptrdiff_t>(std::min(max_edits, x_a.size() + x_b.size()));
    for (std::ptrdiff_t d = 0; d <= limit; ++d) {
      if (step(d)) return walk_back(d);
    }
    return std::nullopt;
  }

 private:
  std::ptrdiff_t size_a() const { return static_cast<std::ptrdiff_t>(x_a.size()); }
  std::ptrdiff_t size_b() const { return static_cast<std::ptrdiff_t>(x_b.size()); }

  static std::ptrdiff_t at(const Row& row, std::ptrdiff_t d, std::ptrdiff_t k) {
    return row[static_cast<std::size_t>(k + d)];
  }

  /// Whether diagonal k with d edits is best reached by an insertion (from k+1).
  bool inserts(std::ptrdiff_t d, std::ptrdiff_t k) const {
    const Row& before = x_rows[static_cast<std::size_t>(d) - 1];
    return k == -d || (k != d && at(before, d - 1, k - 1) < at(before, d - 1, k + 1));
  }

  std::ptrdiff_t start_x(std::ptrdiff_t d, std::ptrdiff_t k) const {
    if (d == 0) return 0;
    const Row& before = x_rows[static_cast<std::size_t>(d) - 1];
    return inserts(d, k) ? at(before, d - 1, k + 1) : at(before, d - 1, k - 1) + 1;
  }

  /// Computes the row of d edits; true once the end is reached.
  bool step(std::ptrdiff_t d) {
    Row row(static_cast<std::size_t>(2 * d + 1), -1);
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      std::ptrdiff_t x = start_x(d, k);
      std::ptrdiff_t y = x - k;
      while (x < size_a() && y < size_b() && x_a[static_cast<std::size_t>(x)] == x_b[static_cast<std::size_t>(y)])
        ++x, ++y;
      row[static_cast<std::size_t>(k + d)] = x;
      if (x >= size_a() && y >= size_b()) {
        x_rows.push_back(std::move(row));
        return true;
      }
    }
    x_rows.push_back(std::move(row));
    return false;
  }

  Matches walk_back(std::ptrdiff_t d) const {
    Matches matches;
    std::ptrdiff_t x = size_a();
    std::ptrdiff_t y = size_b();
    for (; d >= 0; --d) {
      const std::ptrdiff_t k = x - y;
      const std::ptrdiff_t begin = start_x(d, k);
      while (x > begin) {
        --x, --y;
        matches.emplace_back(static_cast<std::size_t>(x), static_cast<std::size_t>(y));
      }
      if (d == 0) break;
      if (inserts(d, k))
        --y;
      else
        --x;
    }
    std::reverse(matches.begin(), matches.end());
    return matches;
  }

  std::span<const std::uint64_t> x_a, x_b;
  std::vector<Row> x_rows;
};

}  // namespace

std::optional<Matches> longest_common(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b,
                                      std::size_t max_edits) {
  return Myers(a, b).run(max_edits);
}

std::vector<Gap> gaps_between(const Matches& matches, std::size_t a_size, std::size_t b_size) {
  std::vector<Gap> gaps;
  Gap gap{0, 0, 0, 0};
  const auto close = [&](std::size_t a, std::size_t b) {
    gap.a_end = a;
    gap.b_end = b;
    if (gap.a_begin != a || gap.b_begin != b) gaps.push_back(gap);
    gap.a_begin = a + 1;
    gap.b_begin = b + 1;
  };
  for (const auto& [a, b] : matches) close(a, b);
  close(a_size, b_size);
  return gaps;
}

}  // namespace tapedeck::diff
