#pragma once
#include <vector>

#include "diff/conclusion.hpp"

namespace tapedeck::diff {

/// Cells of an endpoint that (nearly) always occur together, as one: equal statuses, Jaccard index above 0.9, both
/// noise or neither.
std::vector<Cluster> make_clusters(const Aggregate& all);

}  // namespace tapedeck::diff
