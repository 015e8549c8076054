#pragma once
#include "replay/replay.hpp"

namespace tapedeck::replay {

/// From the counts of a finished run: what of its latencies can be believed, the thresholds, the conclusion.
void judge_run(ReplayResult& result, const ReplayOptions& options, const Histogram& unread);

}  // namespace tapedeck::replay
