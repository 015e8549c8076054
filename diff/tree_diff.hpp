#pragma once
#include <cstddef>
#include <vector>

#include "diff/difference.hpp"
#include "diff/json_tree.hpp"
#include "diff/scalar_diff.hpp"

namespace tapedeck::diff {

/// Differences of one pair, up to a limit.
class DifferenceList {
 public:
  explicit DifferenceList(std::size_t limit) : x_limit(limit) {}
  void add(Difference difference) {
    if (x_items.size() < x_limit)
      x_items.push_back(std::move(difference));
    else
      x_capped = true;
  }
  bool full() const { return x_capped; }
  bool empty() const { return x_items.empty(); }
  std::vector<Difference> take() { return std::move(x_items); }

 private:
  std::size_t x_limit;
  std::vector<Difference> x_items;
  bool x_capped = false;
};

/// What differs between two JSON documents, walking only below unequal hashes (docs/comparison.md, structure).
/// No difference added: they are equal in value, if not in form.
void diff_trees(const JsonTree& primary, const JsonTree& candidate, const PairFacts& facts, DifferenceList& out);

}  // namespace tapedeck::diff
