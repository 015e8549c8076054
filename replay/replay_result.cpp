#include "replay/replay_result.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "base/histogram_json.hpp"
#include "base/json_writer.hpp"

namespace tapedeck::replay {
namespace {

std::uint64_t count_of(const Counts& counts, const std::string& reason) {
  const auto found = counts.find(reason);
  return found == counts.end() ? 0 : found->second;
}

double share(std::uint64_t part, std::uint64_t of) {
  return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
}

constexpr std::array<NamedQuantile, 4> kLatenessQuantiles{{{"p50", .5}, {"p90", .9}, {"p99", .99}, {"max", 1}}};

void write_quantiles(JsonWriter& json, std::string_view name, const Histogram& histogram,
                     std::span<const NamedQuantile> quantiles = kLatencyQuantiles) {
  json.key(name);
  write_quantiles_us(json, histogram, quantiles);
}

void write_sums(JsonWriter& json, const ReplayResult& result) {
  json.field("planned", result.planned);
  json.counts("unselected", result.unselected);
  json.counts("skipped", result.skipped);
  json.field("sent", result.sent);
  json.field("answered", result.answered);
  json.counts("failed", result.failed);
  json.field("on_time", result.on_time);
  json.counts("late", result.late);
}

void write_pace(JsonWriter& json, const ReplayResult& result) {
  json.key("speed");
  result.speed > 0 ? json.value(result.speed) : json.null();
  json.field("wall_s", std::chrono::duration<double>(result.wall).count());
  json.field("offered_rps", result.offered_rps);
  json.field("achieved_rps", result.achieved_rps);
  write_quantiles(json, "lateness_us", result.lateness, kLatenessQuantiles);
  json.field("latency_from", result.latency_from_due ? "due" : "send");
  write_quantiles(json, "latency_us", result.latency);
  write_quantiles(json, "service_us", result.service);
  write_quantiles(json, "recorded_latency_us", result.recorded_latency);
}

void write_judgement(JsonWriter& json, const ReplayResult& result) {
  json.key("comparison");
  diff::write_comparison(json, result.comparison);
  json.key("clusters");
  diff::write_clusters(json, result.conclusion);
  json.key("thresholds");
  write_thresholds(json, result.thresholds);
  json.key("verdict");
  result.conclusion.verdict ? json.value(diff::name_of(*result.conclusion.verdict)) : json.null();
  json.field("valid", result.valid);
  json.key("unbelievable");
  json.begin_array();
  for (const std::string& quantile : result.unbelievable) json.value(quantile);
  json.end_array();
  json.field("partial", result.partial);
}

}  // namespace

std::uint64_t total(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& count) { return sum + count.second; });
}

double ReplayResult::error_rate() const {
  return share(errors, sent + count_of(skipped, "limit") + count_of(skipped, "expired"));
}

double ReplayResult::difference_rate() const {
  const std::uint64_t pairs = comparison.compared() + comparison.no_answer();
  return share(comparison.different() + comparison.no_answer(), pairs);
}

int ReplayResult::exit_status() const {
  if (aborted && answered == 0) return 2;
  const bool crossed = std::ranges::any_of(thresholds, [](const ThresholdResult& threshold) { return !threshold.ok; });
  if (aborted || crossed || conclusion.verdict == diff::Verdict::unsafe) return 1;
  if (conclusion.verdict == diff::Verdict::undecided) return 3;
  return tape_damage.intact() ? 0 : 4;
}

std::string ReplayResult::to_json() const {
  JsonWriter json;
  json.begin_object();
  write_sums(json, *this);
  write_pace(json, *this);
  write_judgement(json, *this);
  json.field("target", target);
  json.field("retries", retries);
  json.field("reconnects", reconnects);
  json.field("overflow_connections", overflow_connections);
  json.field("clamped", clamped);
  json.field("not_saved", not_saved);
  json.key("warnings");
  json.begin_array();
  for (const std::string& warning : warnings) json.value(warning);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace tapedeck::replay
