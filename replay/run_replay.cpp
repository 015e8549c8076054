#include "replay/recorded_source.hpp"
#include "replay/replay.hpp"
#include "replay/run.hpp"

namespace tapedeck::replay {

Result<ReplayResult> run_replay(const ReplayOptions& options, const Clock& clock, const ProgressSink& progress,
                                std::stop_token stop) {
  auto source = open_tapes(options.tapes, options.read);
  if (!source) return source.error();
  return Run(options, **source, clock, progress).go(stop);
}

}  // namespace tapedeck::replay
