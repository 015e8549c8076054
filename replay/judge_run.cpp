#include "replay/judge_run.hpp"

#include <algorithm>

#include "replay/abort_watch.hpp"

namespace tapedeck::replay {
namespace {

std::uint64_t count_of(const Counts& counts, const std::string& reason) {
  const auto found = counts.find(reason);
  return found == counts.end() ? 0 : found->second;
}

/// A latency can be believed where neither our lateness nor the time that answers lay unread spoils its quantile.
void judge_generator(ReplayResult& result, Duration budget, const Histogram& unread) {
  for (const std::string_view name : {"p50", "p90", "p99", "p999", "max"}) {
    const double q = *quantile_named(name);
    if (result.generator_lateness.quantile(q) > budget || unread.quantile(q) > budget)
      result.unbelievable.emplace_back(name);
  }
  const bool p99_spoilt = std::ranges::find(result.unbelievable, "p99") != result.unbelievable.end();
  const bool ran_out = count_of(result.failed, "generator") * 1000 > result.sent;
  result.valid = !p99_spoilt && !ran_out;
  if (ran_out)
    result.warnings.emplace_back(
        "more than 0.1 % of the requests failed because this machine ran out of descriptors, ports or buffers");
}

double measure(const ReplayResult& result, std::string_view name) {
  if (name == "error_rate") return result.error_rate();
  if (name == "difference_rate") return result.difference_rate();
  const std::uint64_t unanswered =
      total(result.failed) + count_of(result.skipped, "limit") + count_of(result.skipped, "expired");
  return latency_quantile(result.latency, unanswered, quantile_named(name).value_or(1));
}

void judge_thresholds(ReplayResult& result, const ReplayOptions& options) {
  for (const Threshold& threshold : options.fail_on) {
    ThresholdResult judged;
    judged.expr = threshold.text();
    judged.ok = !threshold.holds([&](std::string_view name) { return measure(result, name); });
    judged.value = measure(result, threshold.first_measure());
    if (quantile_named(threshold.first_measure())) judged.value /= 1000;  // ns to us
    result.thresholds.push_back(std::move(judged));
  }
}

}  // namespace

void judge_run(ReplayResult& result, const ReplayOptions& options, const Histogram& unread) {
  judge_generator(result, options.lateness_budget, unread);
  judge_thresholds(result, options);
  diff::RunFacts facts;
  facts.partial = result.partial;
  facts.generator_late = !result.valid;
  facts.latency_judged = std::ranges::any_of(options.fail_on, [](const Threshold& t) { return t.names_latency(); });
  facts.threshold_crossed = std::ranges::any_of(result.thresholds, [](const ThresholdResult& t) { return !t.ok; });
  facts.comparison_off = options.compare == diff::Compare::off;
  facts.thresholds_given = !options.fail_on.empty();
  facts.difference_threshold_given =
      std::ranges::any_of(options.fail_on, [](const Threshold& t) { return t.names("difference_rate"); });
  result.conclusion = diff::conclude(result.comparison, facts);
}

}  // namespace tapedeck::replay
