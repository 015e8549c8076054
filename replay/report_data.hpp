#pragma once
#include <string>

#include "replay/replay_result.hpp"

namespace tapedeck::replay {

/// What the page shows, as one JSON object (its fields are those that replay/report_page.js reads).
std::string report_data(const ReplayResult& result);
std::string report_data(const TapeDiffResult& result);

/// Seconds folded to at most `most` slots, for a chart: sums, and how many seconds a slot stands for.
struct FoldedSeconds {
  std::uint64_t seconds_per_slot = 1;
  std::vector<SecondCounts> slots;
};
FoldedSeconds fold_seconds(const ReplayResult& result, std::size_t most);

}  // namespace tapedeck::replay
