#include "replay/report_data.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "base/json_writer.hpp"
#include "base/quantity.hpp"
#include "diff/wording.hpp"

namespace tapedeck::replay {
namespace {

constexpr std::size_t kMaxClusters = 500;  // of each sort: counting, noise
constexpr std::size_t kMaxEndpoints = 500;
constexpr std::size_t kMaxSlots = 600;

double in_us(Duration duration) { return static_cast<double>(duration.count()) / 1000; }

void write_quantiles(JsonWriter& json, std::string_view name, const Histogram& histogram) {
  json.key(name);
  json.begin_object();
  json.field("count", histogram.count());
  json.field("mean_us", histogram.mean_ns() / 1000);
  constexpr std::array<std::pair<std::string_view, double>, 5> kQuantiles{
      {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p95_us", 0.95}, {"p99_us", 0.99}, {"p999_us", 0.999}}};
  for (const auto& [label, q] : kQuantiles) json.field(label, in_us(histogram.quantile(q)));
  json.field("max_us", in_us(histogram.max()));
  json.end_object();
}

/// `[[0.5, us], ...]`, as far out as the number of values carries.
void write_curve(JsonWriter& json, std::string_view name, const Histogram& histogram) {
  constexpr std::array kAt{0.01, 0.1,  0.25, 0.5,  0.6,   0.7,   0.75,  0.8,    0.85,   0.9,    0.925,
                           0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99999};
  json.key(name);
  json.begin_array();
  for (const double q : kAt) {
    if ((1 - q) * static_cast<double>(histogram.count()) < 1) break;
    json.begin_array();
    json.value(q);
    json.value(in_us(histogram.quantile(q)));
    json.end_array();
  }
  json.end_array();
}

void write_example(JsonWriter& json, const diff::Example& example) {
  json.begin_object();
  json.field("id", http::to_string(example.id));
  json.field("request", example.request);
  json.field("pointer", example.pointer);
  json.field("primary", example.primary);
  json.field("candidate", example.candidate);
  json.field("curl", example.curl);
  json.end_object();
}

/// Examples up to a size for the whole page; what is left out is counted.
struct ExampleBudget {
  std::size_t bytes = 3u << 20;
  std::uint64_t left_out = 0;
  bool allows(const diff::Example& example) {
    const std::size_t size = example.request.size() + example.pointer.size() + example.primary.size() +
                             example.candidate.size() + example.curl.size();
    if (size > bytes) return ++left_out, false;
    bytes -= size;
    return true;
  }
};

void write_cluster(JsonWriter& json, const diff::Cluster& cluster, ExampleBudget& budget) {
  json.begin_object();
  json.field("fingerprint", cluster.fingerprint);
  json.field("endpoint", http::to_string(cluster.key.endpoint));
  json.field("primary_status", cluster.key.primary_status);
  json.field("candidate_status", cluster.key.candidate_status);
  json.field("where", diff::where(cluster.key));
  json.field("what", diff::what(cluster.key));
  json.field("kind", diff::name_of(cluster.key.kind));
  json.field("severity", diff::name_of(diff::severity_of(cluster.key.kind)));
  json.field("count", cluster.count);
  json.field("of", cluster.of);
  json.field("low", cluster.rate.low);
  json.field("high", cluster.rate.high);
  json.field("sentence", cluster.sentence);
  if (cluster.noise) json.field("noise", *cluster.noise);
  json.key("members");
  json.begin_array();
  for (const std::string& member : cluster.members) json.value(member);
  json.end_array();
  json.key("examples");
  json.begin_array();
  for (const diff::Example& example : cluster.examples) {
    if (budget.allows(example)) write_example(json, example);
  }
  json.end_array();
  json.end_object();
}

void write_cluster_lists(JsonWriter& json, const diff::Conclusion& conclusion) {
  ExampleBudget budget;
  for (const bool noise : {false, true}) {
    std::size_t count = 0;
    json.key(noise ? "noise" : "clusters");
    json.begin_array();
    for (const diff::Cluster& cluster : conclusion.clusters) {
      if (cluster.noise.has_value() == noise && count++ < kMaxClusters) write_cluster(json, cluster, budget);
    }
    json.end_array();
    json.field(noise ? "noise_total" : "clusters_total", count);
  }
  json.field("examples_left_out", budget.left_out);
}

void write_verdict(JsonWriter& json, const diff::Conclusion& conclusion) {
  json.key("verdict");
  json.begin_object();
  json.field("word", conclusion.verdict ? diff::name_of(*conclusion.verdict) : std::string_view());
  json.field("sentence", conclusion.sentence);
  json.key("reasons");
  json.begin_array();
  for (std::size_t i = 0; i < std::min<std::size_t>(conclusion.reasons.size(), 50); ++i)
    json.value(conclusion.reasons[i]);
  json.end_array();
  json.end_object();
}

struct EndpointRow {
  http::Endpoint endpoint;
  diff::EndpointCounts counts;
  const EndpointLoad* load = nullptr;
  std::uint64_t weight() const { return std::max(counts.pairs, load != nullptr ? load->sent : 0); }
};

std::vector<EndpointRow> endpoint_rows(const diff::Aggregate& all,
                                       const std::map<http::Endpoint, EndpointLoad>& loads) {
  std::map<http::Endpoint, EndpointRow> rows;
  for (const auto& [endpoint, counts] : all.endpoints()) rows[endpoint] = {endpoint, counts, nullptr};
  for (const auto& [endpoint, load] : loads) {
    EndpointRow& row = rows[endpoint];
    row.endpoint = endpoint;
    row.load = &load;
  }
  std::vector<EndpointRow> out;
  for (auto& [endpoint, row] : rows) out.push_back(std::move(row));
  std::stable_sort(out.begin(), out.end(), [](const EndpointRow& a, const EndpointRow& b) {
    return a.counts.different + a.counts.no_answer != b.counts.different + b.counts.no_answer
               ? a.counts.different + a.counts.no_answer > b.counts.different + b.counts.no_answer
               : a.weight() > b.weight();
  });
  return out;
}

void write_endpoints(JsonWriter& json, const diff::Aggregate& all,
                     const std::map<http::Endpoint, EndpointLoad>& loads) {
  const auto rows = endpoint_rows(all, loads);
  json.field("endpoints_total", rows.size());
  json.key("endpoints");
  json.begin_array();
  for (std::size_t i = 0; i < std::min(rows.size(), kMaxEndpoints); ++i) {
    const EndpointRow& row = rows[i];
    json.begin_object();
    json.field("endpoint", http::to_string(row.endpoint));
    json.field("pairs", row.counts.pairs);
    json.field("different", row.counts.different);
    json.field("no_answer", row.counts.no_answer);
    if (row.load != nullptr) {
      json.field("sent", row.load->sent);
      json.field("failed", row.load->failed);
      write_quantiles(json, "latency", row.load->latency);
      write_quantiles(json, "recorded_latency", row.load->recorded_latency);
    }
    json.end_object();
  }
  json.end_array();
}

void write_seconds(JsonWriter& json, const ReplayResult& result) {
  const FoldedSeconds folded = fold_seconds(result, kMaxSlots);
  const auto per_slot = static_cast<double>(folded.seconds_per_slot);
  json.field("seconds_per_slot", folded.seconds_per_slot);
  json.key("seconds");
  json.begin_array();
  for (const SecondCounts& slot : folded.slots) {
    json.begin_object();
    json.field("due", static_cast<double>(slot.due) / per_slot);
    json.field("sent", static_cast<double>(slot.sent) / per_slot);
    json.field("answered", static_cast<double>(slot.answered) / per_slot);
    json.field("failed", static_cast<double>(slot.failed) / per_slot);
    if (slot.latency.count() != 0) {
      json.field("p50_us", in_us(slot.latency.quantile(0.5)));
      json.field("p99_us", in_us(slot.latency.quantile(0.99)));
    }
    json.end_object();
  }
  json.end_array();
}

void write_strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& strings) {
  json.key(name);
  json.begin_array();
  for (const std::string& text : strings) json.value(text);
  json.end_array();
}

void write_load(JsonWriter& json, const ReplayResult& r) {
  json.key("load");
  json.begin_object();
  json.field("planned", r.planned);
  json.field("sent", r.sent);
  json.field("answered", r.answered);
  json.counts("unselected", r.unselected);
  json.counts("skipped", r.skipped);
  json.counts("failed", r.failed);
  json.field("on_time", r.on_time);
  json.counts("late", r.late);
  json.field("clamped", r.clamped);
  json.field("reconnects", r.reconnects);
  json.field("retries", r.retries);
  json.field("overflow_connections", r.overflow_connections);
  json.field("errors", r.errors);
  json.field("speed", r.speed);
  json.field("wall_s", std::chrono::duration<double>(r.wall).count());
  json.field("offered_rps", r.offered_rps);
  json.field("achieved_rps", r.achieved_rps);
  json.field("latency_from_due", r.latency_from_due);
  json.field("not_saved", r.not_saved);
  write_quantiles(json, "latency", r.latency);
  write_quantiles(json, "service", r.service);
  write_quantiles(json, "recorded_latency", r.recorded_latency);
  write_quantiles(json, "lateness", r.lateness);
  write_quantiles(json, "generator_lateness", r.generator_lateness);
  write_curve(json, "latency_curve", r.latency);
  write_curve(json, "recorded_curve", r.recorded_latency);
  write_seconds(json, r);
  json.end_object();
}

void begin_report(JsonWriter& json, std::string_view kind, bool partial) {
  json.begin_object();
  json.field("kind", kind);
  json.field("tool", TAPEDECK_VERSION);
  json.field("partial", partial);
}

}  // namespace

FoldedSeconds fold_seconds(const ReplayResult& result, std::size_t most) {
  FoldedSeconds out;
  if (result.seconds.empty()) return out;
  // A long run has already folded neighbours, by powers of two, to stay in bounds: its length says how often.
  const auto wall = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(result.wall).count());
  while (wall / out.seconds_per_slot > 2 * result.seconds.size()) out.seconds_per_slot *= 2;
  const std::size_t group = (result.seconds.size() + most - 1) / most;
  out.seconds_per_slot *= group;
  for (std::size_t i = 0; i < result.seconds.size(); ++i) {
    if (i % group == 0) out.slots.emplace_back();
    const SecondCounts& second = result.seconds[i];
    SecondCounts& slot = out.slots.back();
    slot.due += second.due;
    slot.sent += second.sent;
    slot.answered += second.answered;
    slot.failed += second.failed;
    slot.latency.merge(second.latency);
  }
  return out;
}

std::string report_data(const ReplayResult& r) {
  JsonWriter json;
  begin_report(json, "replay", r.partial);
  json.field("valid", r.valid);
  write_strings(json, "unbelievable", r.unbelievable);
  write_verdict(json, r.conclusion);
  json.key("comparison");
  diff::write_comparison(json, r.comparison);
  json.field("exact", r.comparison.exact());
  write_cluster_lists(json, r.conclusion);
  write_endpoints(json, r.comparison, r.endpoints);
  write_load(json, r);
  json.key("thresholds");
  write_thresholds(json, r.thresholds);
  json.field("target", r.target);
  write_strings(json, "tapes", r.tapes);
  write_strings(json, "warnings", r.warnings);
  if (!r.tape_damage.intact()) json.field("damage", r.tape_damage.sentence());
  json.end_object();
  return json.take();
}

std::string report_data(const TapeDiffResult& r) {
  JsonWriter json;
  begin_report(json, "diff", r.partial);
  json.field("pairs", r.pairs);
  json.field("later_passes", r.later_passes);
  write_verdict(json, r.conclusion);
  json.key("comparison");
  diff::write_comparison(json, r.comparison);
  json.field("exact", r.comparison.exact());
  write_cluster_lists(json, r.conclusion);
  write_endpoints(json, r.comparison, {});
  json.key("thresholds");
  write_thresholds(json, r.thresholds);
  json.field("primary", r.primary);
  json.field("candidate", r.candidate);
  json.key("latencies");
  json.begin_object();
  write_quantiles(json, "primary", r.primary_latency);
  write_quantiles(json, "candidate", r.candidate_latency);
  write_curve(json, "primary_curve", r.primary_latency);
  write_curve(json, "candidate_curve", r.candidate_latency);
  json.end_object();
  if (!r.primary_damage.intact()) json.field("primary_damage", r.primary_damage.sentence());
  if (!r.candidate_damage.intact()) json.field("candidate_damage", r.candidate_damage.sentence());
  json.end_object();
  return json.take();
}

}  // namespace tapedeck::replay
