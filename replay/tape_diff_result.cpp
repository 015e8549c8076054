#include <array>
#include <string_view>
#include <utility>

#include "base/json_writer.hpp"
#include "replay/replay_result.hpp"

namespace tapedeck::replay {
namespace {

void write_latency(JsonWriter& json, std::string_view name, const Histogram& histogram) {
  constexpr std::array<std::pair<std::string_view, double>, 5> kQuantiles{
      {{"p50", .5}, {"p90", .9}, {"p99", .99}, {"p999", .999}, {"max", 1}}};
  json.key(name);
  json.begin_object();
  for (const auto& [label, q] : kQuantiles)
    json.field(label, static_cast<double>(histogram.quantile(q).count()) / 1000);
  json.end_object();
}

}  // namespace

int TapeDiffResult::exit_status() const {
  if (conclusion.verdict == diff::Verdict::unsafe) return 1;
  if (conclusion.verdict == diff::Verdict::undecided) return 3;
  return primary_damage.intact() && candidate_damage.intact() ? 0 : 4;
}

std::string TapeDiffResult::to_json() const {
  JsonWriter json;
  json.begin_object();
  json.field("pairs", pairs);
  json.field("later_passes", later_passes);
  json.key("comparison");
  diff::write_comparison(json, comparison);
  json.key("clusters");
  diff::write_clusters(json, conclusion);
  json.key("thresholds");
  json.begin_array();
  for (const ThresholdResult& threshold : thresholds) {
    json.begin_object();
    json.field("expr", threshold.expr);
    json.field("value", threshold.value);
    json.field("ok", threshold.ok);
    json.end_object();
  }
  json.end_array();
  write_latency(json, "primary_latency_us", primary_latency);
  write_latency(json, "candidate_latency_us", candidate_latency);
  json.key("verdict");
  if (conclusion.verdict)
    json.value(diff::name_of(*conclusion.verdict));
  else
    json.null();
  json.field("sentence", conclusion.sentence);
  json.field("partial", partial);
  json.field("primary", primary);
  json.field("candidate", candidate);
  json.end_object();
  return json.take();
}

}  // namespace tapedeck::replay
