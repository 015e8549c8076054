#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.hpp"
#include "diff/aggregate.hpp"

namespace tapedeck::diff {

enum class Verdict : std::uint8_t { safe, unsafe, undecided };
/// SAFE, UNSAFE, UNDECIDED
std::string_view name_of(Verdict verdict);

struct Interval {
  double low = 0;
  double high = 0;
};
Interval wilson95(std::uint64_t hits, std::uint64_t of);
/// One-sided exact (Clopper-Pearson) bounds of a proportion.
double upper_bound(std::uint64_t hits, std::uint64_t of, double alpha);
double lower_bound(std::uint64_t hits, std::uint64_t of, double alpha);

struct Cluster {
  std::string fingerprint;
  CellKey key;              // of the leading cell
  std::uint64_t count = 0;  // pairs
  std::uint64_t of = 0;     // pairs of its endpoint
  Interval rate;            // 95 %
  std::vector<Example> examples;
  std::vector<std::string> members;  // what else always differs with it, in words
  std::optional<std::string> noise;  // where the noise was learnt; unset: the cluster counts
  std::string sentence;  // `GET /orders/{id} 200: body:/items/*/price number -> string in 4.2 % [3.6, 4.9] of 8120`
};

/// What else decides, beside the comparison.
struct RunFacts {
  std::uint64_t not_compared_limit_percent = 5;
  bool partial = false;
  bool generator_late = false;  // latency cannot be believed
  bool latency_judged = false;  // a threshold on latency was given
  bool threshold_crossed = false;
  bool comparison_off = false;
  bool thresholds_given = false;
  bool difference_threshold_given = false;  // --fail-on with difference_rate: replaces "a cell is confirmed"
};

struct Conclusion {
  std::optional<Verdict> verdict;  // unset: nothing was to be judged
  std::string sentence;            // what it proves, or what is missing and how to get it
  std::vector<std::string> reasons;
  std::vector<Cluster> clusters;  // those that count first; by severity, then lower bound, then fingerprint
};

Conclusion conclude(const Aggregate& all, const RunFacts& facts);

/// `clusters: [...]` of the JSON contract, as an array value.
void write_clusters(JsonWriter& json, const Conclusion& conclusion);
/// `comparison: {compared, identical, different, no_answer, not_compared, identical_by}` as an object value.
void write_comparison(JsonWriter& json, const Aggregate& all);

}  // namespace tapedeck::diff
