#include "diff/conclusion.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/text.hpp"
#include "diff/clusters.hpp"
#include "diff/wording.hpp"

namespace tapedeck::diff {
namespace {

constexpr double kAlpha = 0.05;

std::uint64_t total(const std::map<std::string, std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

std::string listed(const std::map<std::string, std::uint64_t>& counts) {
  std::string out;
  for (const auto& [name, count] : counts) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, grouped(count));
  return out;
}

std::string of_pairs(std::uint64_t count) { return grouped(count) + (count == 1 ? " pair" : " pairs"); }

/// The numbers that decide, worked out once.
struct Tally {
  std::uint64_t compared, different, no_answer, not_compared, n;
  explicit Tally(const Aggregate& all)
      : compared(all.compared()),
        different(all.different()),
        no_answer(all.no_answer()),
        not_compared(total(all.not_compared())),
        n(compared + no_answer) {}
};

std::vector<std::string> why_unsafe(const Conclusion& conclusion, const RunFacts& facts) {
  std::vector<std::string> reasons;
  if (facts.threshold_crossed) reasons.emplace_back("a threshold of --fail-on was crossed");
  if (facts.difference_threshold_given) return reasons;
  for (const Cluster& cluster : conclusion.clusters) {
    if (!cluster.noise) reasons.push_back(cluster.sentence);
  }
  return reasons;
}

std::vector<std::string> why_undecided(const Aggregate& all, const Tally& tally, const RunFacts& facts) {
  std::vector<std::string> reasons;
  if (!facts.comparison_off) {
    if (tally.n == 0) reasons.emplace_back("no pair of answers could be compared");
    if (tally.n != 0 &&
        100 * tally.not_compared > facts.not_compared_limit_percent * (tally.compared + tally.not_compared)) {
      reasons.push_back(fmt::format("{} of {} answers were not compared ({}); {} % is the limit",
                                    grouped(tally.not_compared), grouped(tally.compared + tally.not_compared),
                                    listed(all.not_compared()), facts.not_compared_limit_percent));
    }
    if (!all.exact()) reasons.emplace_back("there were more endpoints or kinds of difference than are counted");
  }
  if (facts.partial) reasons.emplace_back("the run was ended early");
  if (facts.generator_late && facts.latency_judged) {
    reasons.emplace_back("the generator itself was late, so no latency can be believed");
  }
  return reasons;
}

std::string safe_sentence(const Tally& tally, const RunFacts& facts) {
  if (facts.comparison_off) return "No threshold was crossed. Answers were not compared.";
  const double bound = upper_bound(tally.different + tally.no_answer, tally.n, kAlpha);
  if (tally.different + tally.no_answer == 0) {
    return fmt::format("0 of {} differ; a rate below {} of such traffic is not excluded (95 %).", of_pairs(tally.n),
                       percent(bound));
  }
  return fmt::format(
      "{} of {} differ and {} had no answer, within the given thresholds; a rate above {} is excluded (95 %).",
      grouped(tally.different), of_pairs(tally.n), grouped(tally.no_answer), percent(bound));
}

std::string unsafe_sentence(const Conclusion& conclusion, const Tally& tally, const RunFacts& facts) {
  if (facts.comparison_off) return "A threshold was crossed. Answers were not compared.";
  const auto real = static_cast<std::uint64_t>(
      std::count_if(conclusion.clusters.begin(), conclusion.clusters.end(), [](const Cluster& c) { return !c.noise; }));
  std::string out = fmt::format("{} of {} differ", grouped(tally.different), of_pairs(tally.n));
  if (tally.no_answer != 0) out += fmt::format(", {} had no answer", grouped(tally.no_answer));
  if (real != 0) out += fmt::format(": {} of difference", counted(real, "kind"));
  return out + (facts.threshold_crossed ? "; a threshold was crossed." : ".");
}

std::string undecided_sentence(const std::vector<std::string>& reasons, const Tally& tally) {
  std::string out = "Too little evidence: ";
  for (std::size_t i = 0; i < reasons.size(); ++i) (out += i == 0 ? "" : "; ") += reasons[i];
  if (tally.n == 0) return out + ". Check the filter and that the target answers.";
  return out + fmt::format(". {} of {} differ.", grouped(tally.different), of_pairs(tally.n));
}

void write_example(JsonWriter& json, const Example& example) {
  json.begin_object();
  json.field("id", http::to_string(example.id));
  json.field("request", example.request);
  json.field("pointer", example.pointer);
  json.field("primary", example.primary);
  json.field("candidate", example.candidate);
  json.end_object();
}

void write_cluster(JsonWriter& json, const Cluster& cluster) {
  json.begin_object();
  json.field("fingerprint", cluster.fingerprint);
  json.field("endpoint", http::to_string(cluster.key.endpoint));
  json.field("primary_status", cluster.key.primary_status);
  json.field("candidate_status", cluster.key.candidate_status);
  json.field("location", name_of(cluster.key.location));
  json.field("path", cluster.key.path);
  json.field("kind", name_of(cluster.key.kind));
  json.field("from", cluster.key.from);
  json.field("to", cluster.key.to);
  json.field("severity", name_of(severity_of(cluster.key.kind)));
  json.field("state", cluster.noise ? "noise" : "confirmed");
  json.field("count", cluster.count);
  json.field("of", cluster.of);
  json.field("rate_low", cluster.rate.low);
  json.field("rate_high", cluster.rate.high);
  json.key("example");
  if (cluster.examples.empty())
    json.null();
  else
    write_example(json, cluster.examples.front());
  json.key("examples");
  json.begin_array();
  for (const Example& example : cluster.examples) write_example(json, example);
  json.end_array();
  json.key("members");
  json.begin_array();
  for (const std::string& member : cluster.members) json.value(member);
  json.end_array();
  json.key("noise");
  if (cluster.noise)
    json.value(*cluster.noise);
  else
    json.null();
  json.field("sentence", cluster.sentence);
  json.end_object();
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kNames{"SAFE", "UNSAFE", "UNDECIDED"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Conclusion conclude(const Aggregate& all, const RunFacts& facts) {
  Conclusion out;
  out.clusters = make_clusters(all);
  if (facts.comparison_off && !facts.thresholds_given) {
    out.sentence = "Nothing was to be judged: answers were not compared and no threshold was given.";
    return out;
  }
  const Tally tally(all);
  const auto unsafe = why_unsafe(out, facts);
  const auto undecided = why_undecided(all, tally, facts);
  if (!unsafe.empty()) {
    out.verdict = Verdict::unsafe;
    out.reasons = unsafe;
    out.sentence = unsafe_sentence(out, tally, facts);
  } else if (!undecided.empty()) {
    out.verdict = Verdict::undecided;
    out.reasons = undecided;
    out.sentence = undecided_sentence(undecided, tally);
  } else {
    out.verdict = Verdict::safe;
    out.sentence = safe_sentence(tally, facts);
  }
  return out;
}

void write_clusters(JsonWriter& json, const Conclusion& conclusion) {
  json.begin_array();
  for (const Cluster& cluster : conclusion.clusters) write_cluster(json, cluster);
  json.end_array();
}

void write_comparison(JsonWriter& json, const Aggregate& all) {
  json.begin_object();
  json.field("compared", all.compared());
  json.field("identical", all.identical());
  json.field("different", all.different());
  json.field("no_answer", all.no_answer());
  json.counts("not_compared", all.not_compared());
  json.counts("identical_by", all.identical_by());
  json.counts("hidden_by_rules", all.hidden_by_rules());
  json.end_object();
}

}  // namespace tapedeck::diff
