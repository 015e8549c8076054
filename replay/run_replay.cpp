#include "replay/recorded_source.hpp"
#include "replay/replay.hpp"
#include "replay/run.hpp"

namespace tapedeck::replay {

Result<ReplayResult> run_replay(const ReplayOptions& options, const Clock& clock, const ProgressSink& progress,
                                std::stop_token stop) {
  auto tapes = open_tapes(options.tapes, options.read);
  if (!tapes) return tapes.error();
  return run_replay(options, std::move(*tapes), clock, progress, std::move(stop));
}

Result<ReplayResult> run_replay(const ReplayOptions& options, std::vector<format::TapeReader> tapes, const Clock& clock,
                                const ProgressSink& progress, std::stop_token stop) {
  const auto source = merge_tapes(std::move(tapes));
  return Run(options, *source, clock, progress).go(stop);
}

}  // namespace tapedeck::replay
