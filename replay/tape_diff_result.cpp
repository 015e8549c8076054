#include <string_view>

#include "base/histogram_json.hpp"
#include "replay/replay_result.hpp"

namespace tapedeck::replay {
namespace {

void write_latency(JsonWriter& json, std::string_view name, const Histogram& histogram) {
  json.key(name);
  write_quantiles_us(json, histogram);
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
  write_thresholds(json, thresholds);
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
