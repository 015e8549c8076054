#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "diff/differ.hpp"
#include "diff/tree_diff.hpp"

namespace tapedeck::diff {

/// A body as the wire had it, and what its message says of it.
struct BodyView {
  std::string_view bytes;
  std::string_view content_type;
  std::string_view content_encoding;
};

/// What came of a body: equal (by `bytes`, `decoded`, `form`), or differences in the list; or neither (`not_compared`).
struct BodyOutcome {
  std::string_view identical_by;
  std::string_view not_compared;
};

/// The steps of the ladder that look at bodies (docs/comparison.md). Differences go to `out`.
BodyOutcome diff_bodies(const BodyView& primary, const BodyView& candidate, Compare compare, const DifferLimits& limits,
                        std::uint64_t seed, const PairFacts& facts, DifferenceList& out);

}  // namespace tapedeck::diff
