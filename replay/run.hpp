#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "replay/abort_watch.hpp"
#include "replay/planner.hpp"
#include "replay/reader.hpp"
#include "replay/recorded_source.hpp"
#include "replay/replay.hpp"
#include "replay/target.hpp"
#include "replay/worker.hpp"

namespace tapedeck::replay {

/// One replay from beginning to end, over any source of recorded exchanges. Used once.
class Run {
 public:
  /// All outlive it.
  Run(const ReplayOptions& options, RecordedSource& source, const Clock& clock, const ProgressSink& progress);

  Result<ReplayResult> go(const std::stop_token& stop);

 private:
  Result<void> prepare();
  Result<void> learn();
  void set_up();
  void start_workers();
  void watch(const std::stop_token& stop);
  void every_second(MonoTime now);
  void end(std::string why);
  void join();
  ReplayResult collect();
  void collect_worker(ReplayResult& result, const Worker& worker, Histogram& unread);
  void collect_times(ReplayResult& result) const;
  DispatcherOptions dispatcher_options(unsigned worker) const;
  bool compares() const { return x_options->compare != diff::Compare::off; }

  const ReplayOptions* x_options;
  RecordedSource* x_source;
  const Clock* x_clock;
  const ProgressSink* x_progress;
  TapePlan x_plan;
  std::optional<Target> x_target;
  unsigned x_worker_count = 1;
  Duration x_window{};
  MonoTime x_t0{};
  MonoTime x_last_tick{};
  Progress x_so_far;
  AbortWatch x_watch;
  std::string x_ended_because;
  bool x_aborted = false;

  // Ended in the reverse order: the opener before the workers it posts to.
  std::optional<InFlight> x_in_flight;
  RunShared x_shared;
  std::unique_ptr<Judge> x_judge;
  std::unique_ptr<Saver> x_saver;
  std::vector<std::unique_ptr<Ring>> x_rings;
  std::unique_ptr<Reader> x_reader;
  std::vector<std::unique_ptr<Worker>> x_workers;
  std::unique_ptr<Opener> x_opener;
  std::vector<std::thread> x_threads;
  std::mutex x_mutex;
  std::condition_variable_any x_changed;
  unsigned x_running = 0;  // under x_mutex
};

}  // namespace tapedeck::replay
