#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace tapedeck::diff {

/// Indices of equal elements, both rising: a longest common subsequence.
using Matches = std::vector<std::pair<std::size_t, std::size_t>>;

/// Myers' greedy algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986). Nothing if more than
/// `max_edits` insertions and deletions are needed. Time O((N+M)D), memory O(D^2).
std::optional<Matches> longest_common(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b,
                                      std::size_t max_edits);

/// A stretch that has no equal partner: elements [a_begin, a_end) against [b_begin, b_end).
struct Gap {
  std::size_t a_begin, a_end, b_begin, b_end;
};
std::vector<Gap> gaps_between(const Matches& matches, std::size_t a_size, std::size_t b_size);

}  // namespace tapedeck::diff
