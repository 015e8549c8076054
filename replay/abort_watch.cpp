#include "replay/abort_watch.hpp"

#include <cmath>
#include <limits>
#include <utility>

namespace tapedeck::replay {
namespace {

constexpr std::size_t kSeconds = 10;
constexpr std::uint64_t kLeastRequests = 100;

double share(std::uint64_t part, std::uint64_t of) {
  return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
}

}  // namespace

std::optional<double> quantile_named(std::string_view name) {
  if (name == "p50") return 0.5;
  if (name == "p90") return 0.9;
  if (name == "p99") return 0.99;
  if (name == "p999") return 0.999;
  if (name == "max") return 1.0;
  return std::nullopt;
}

double latency_quantile(const Histogram& answered, std::uint64_t unanswered, double q) {
  const std::uint64_t all = answered.count() + unanswered;
  if (all == 0) return 0;
  // Less a hair, so that 0.99 of 100 is rank 99 in spite of binary fractions.
  const double rank = std::ceil(q * static_cast<double>(all) - 1e-9);
  if (rank > static_cast<double>(answered.count())) return std::numeric_limits<double>::infinity();
  return static_cast<double>(answered.quantile(rank / static_cast<double>(answered.count())).count());
}

void AbortWatch::add(WindowCounts second, Judge::Counts judged) {
  const Judge::Counts news{judged.pairs - x_judged_before.pairs, judged.different - x_judged_before.different};
  x_judged_before = judged;
  x_seconds.push_back({std::move(second), news});
  if (x_seconds.size() > kSeconds) x_seconds.pop_front();
}

bool AbortWatch::strikes() const {
  if (!x_abort_on) return false;
  Second sum{};
  for (const Second& second : x_seconds) {
    sum.counts.merge(second.counts);
    sum.judged.pairs += second.judged.pairs;
    sum.judged.different += second.judged.different;
  }
  const WindowCounts& counts = sum.counts;
  const std::uint64_t ended = counts.answered + counts.failed + counts.hopeless;
  if (ended < kLeastRequests) return false;
  return x_abort_on->holds([&](std::string_view name) {
    if (name == "error_rate") return share(counts.errors, ended);
    if (name == "difference_rate") return share(sum.judged.different, sum.judged.pairs);
    return latency_quantile(counts.latency, counts.failed + counts.hopeless, quantile_named(name).value_or(1));
  });
}

}  // namespace tapedeck::replay
