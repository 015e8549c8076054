#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "replay/planner.hpp"
#include "replay/recorded_source.hpp"
#include "replay/ring.hpp"

namespace tapedeck::replay {

/// The thread that reads the tape, plans, and fills the workers' rings: 2 s of the schedule ahead, or as many bytes as
/// a ring may hold, whichever comes first.
class Reader {
 public:
  struct Options {
    bool paced = true;                   // false: only bytes and slots bound the rings
    bool keep_answers = true;            // false: recorded answers are of no use to anybody
    std::size_t ring_bytes = 64u << 20;  // each
    Duration ahead = std::chrono::seconds(2);
  };
  /// All outlive it. `rings` is never empty.
  Reader(const Options& options, const ReplayOptions& replay, const TapePlan& plan, RecordedSource& source,
         std::vector<std::unique_ptr<Ring>>& rings, const Clock& clock);
  ~Reader();

  void start();
  /// The rings are as full as they may be before T0.
  bool primed() const { return x_primed.load(std::memory_order_acquire); }
  void begin(MonoTime t0) { x_t0.store(t0.time_since_epoch().count(), std::memory_order_release); }
  /// Ends soon; the rings are closed.
  void stop() { x_stop.store(true, std::memory_order_relaxed); }

  // After finish().
  void finish();
  const std::vector<http::Endpoint>& endpoints() const { return x_planner.endpoints(); }
  std::uint64_t clamped() const { return x_planner.clamped(); }
  /// Why reading ended early.
  const std::optional<Error>& trouble() const { return x_trouble; }

 private:
  void work();
  Result<void> read_pass();
  void push(RequestPtr request);
  bool must_wait(Ring& ring, const PlannedRequest& request) const;

  Options x_options;
  const ReplayOptions* x_replay;
  RecordedSource* x_source;
  std::vector<std::unique_ptr<Ring>>* x_rings;
  const Clock* x_clock;
  Planner x_planner;
  std::atomic<std::int64_t> x_t0{0};  // ns; 0: not yet
  std::atomic<bool> x_primed{false};
  std::atomic<bool> x_stop{false};
  std::optional<Error> x_trouble;
  std::thread x_thread;
};

}  // namespace tapedeck::replay
