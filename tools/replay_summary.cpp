#include "tools/replay_summary.hpp"

#include <fmt/format.h>

#include "base/quantity.hpp"

namespace tapedeck::tools {
namespace {

constexpr std::size_t kClustersShown = 20;

std::string reasons(const replay::Counts& counts) {
  if (counts.empty()) return "0";
  std::string text;
  for (const auto& [reason, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, count);
  return fmt::format("{} ({})", replay::total(counts), text);
}

std::string quantiles(const Histogram& histogram) {
  return fmt::format("p50 {} · p90 {} · p99 {} · max {}", format_duration(histogram.quantile(0.5)),
                     format_duration(histogram.quantile(0.9)), format_duration(histogram.quantile(0.99)),
                     format_duration(histogram.max()));
}

std::string comparison_line(const diff::Aggregate& all) {
  return fmt::format("compared  {}: {} identical, {} different; not compared {}; no answer {}\n", all.compared(),
                     all.identical(), all.different(), reasons(all.not_compared()), all.no_answer());
}

std::string judgement(const diff::Conclusion& conclusion, const std::vector<replay::ThresholdResult>& thresholds,
                      const std::vector<std::filesystem::path>& reports) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& cluster : conclusion.clusters) {
    if (cluster.noise) continue;
    if (++shown > kClustersShown) continue;
    text += fmt::format("  {}\n", cluster.sentence);
    for (const auto& member : cluster.members) text += fmt::format("    with it: {}\n", member);
  }
  if (shown > kClustersShown) text += fmt::format("  ... and {} more: --json, --report\n", shown - kClustersShown);
  for (const auto& threshold : thresholds) {
    text += fmt::format("  {} {}\n", threshold.ok ? "kept   " : "CROSSED", threshold.expr);
  }
  if (conclusion.verdict) text += fmt::format("verdict: {}: {}\n", name_of(*conclusion.verdict), conclusion.sentence);
  for (const auto& path : reports) text += fmt::format("report: {}\n", path.string());
  return text;
}

}  // namespace

std::string replay_summary(const replay::ReplayResult& r, const std::vector<std::filesystem::path>& reports) {
  std::string text;
  if (!r.valid) text += "NOT VALID: the generator itself was late; no latency below can be believed\n";
  if (r.partial) text += "PARTIAL: the run ended early\n";
  text +=
      fmt::format("planned   {}; skipped {}; not selected {}\n", r.planned, reasons(r.skipped), reasons(r.unselected));
  text += fmt::format("sent      {} in {}: {:.1f}/s of {:.1f}/s wanted; answered {}; failed {}\n", r.sent,
                      format_duration(r.wall), r.achieved_rps, r.offered_rps, r.answered, reasons(r.failed));
  if (r.latency_from_due) text += fmt::format("lateness  {}\n", quantiles(r.lateness));
  text += fmt::format("latency   {}{}\n", quantiles(r.latency), r.latency_from_due ? "" : " (from the send)");
  text += fmt::format("recorded  {}\n", quantiles(r.recorded_latency));
  return text + comparison_line(r.comparison) + judgement(r.conclusion, r.thresholds, reports);
}

std::string diff_summary(const replay::TapeDiffResult& r, const std::vector<std::filesystem::path>& reports) {
  std::string text = r.partial ? "PARTIAL: the comparison ended early\n" : "";
  text += fmt::format("pairs     {}\n", r.pairs);
  text += fmt::format("latency   {}: {}\n          {}: {}\n", r.primary, quantiles(r.primary_latency), r.candidate,
                      quantiles(r.candidate_latency));
  return text + comparison_line(r.comparison) + judgement(r.conclusion, r.thresholds, reports);
}

}  // namespace tapedeck::tools
