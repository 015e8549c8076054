#pragma once
#include <deque>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "replay/judge.hpp"
#include "replay/run_stats.hpp"
#include "replay/thresholds.hpp"

namespace tapedeck::replay {

/// The last ten seconds of a run, for --abort-on and the progress line.
class AbortWatch {
 public:
  explicit AbortWatch(std::optional<Threshold> abort_on) : x_abort_on(std::move(abort_on)) {}

  /// What happened in the second that ends now.
  void add(WindowCounts second, Judge::Counts judged_so_far);
  /// The expression holds over at least 100 requests.
  bool strikes() const;

 private:
  struct Second {
    WindowCounts counts;
    Judge::Counts judged;  // in this second
  };
  std::optional<Threshold> x_abort_on;
  std::deque<Second> x_seconds;
  Judge::Counts x_judged_before{};
};

/// Nearest rank among `answered` latencies and `unanswered` requests that are slower than all of them; infinite if the
/// rank falls on one of these. In ns.
double latency_quantile(const Histogram& answered, std::uint64_t unanswered, double q);
/// q of `p50 p90 p99 p999 max`; nothing for another name.
std::optional<double> quantile_named(std::string_view name);

}  // namespace tapedeck::replay
