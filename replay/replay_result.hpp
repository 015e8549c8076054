#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/histogram.hpp"
#include "diff/aggregate.hpp"
#include "diff/conclusion.hpp"
#include "format/damage_report.hpp"
#include "replay/thresholds.hpp"

namespace tapedeck::replay {

using Counts = std::map<std::string, std::uint64_t>;
std::uint64_t total(const Counts& counts);

struct EndpointLoad {
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;
  Histogram latency;  // live, from the due time
  Histogram recorded_latency;
};

/// A slot of the run, by due time.
struct SecondCounts {
  std::uint64_t due = 0;
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  Histogram latency;
};

/// Everything a report says about a replay. planned = sent + skipped; sent = answered + failed = on_time + late;
/// answered = compared + not_compared; compared = identical + different.
struct ReplayResult {
  std::uint64_t planned = 0;
  Counts unselected;
  Counts skipped;
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  Counts failed;
  std::uint64_t on_time = 0;
  Counts late;                // by cause: reader, loop, connection, limit
  std::uint64_t clamped = 0;  // recorded times that ran backwards in a connection
  std::uint64_t reconnects = 0;
  std::uint64_t retries = 0;
  std::uint64_t overflow_connections = 0;
  std::uint64_t errors = 0;      // failed + answered >= 500 where the recording was below + skipped{limit, expired}
  double speed = 0;              // 0 with --rate and --asap
  Duration wall{};               // first due time to last answer
  double offered_rps = 0;        // the schedule's own rate over its span
  double achieved_rps = 0;       // sends over the span from first to last send
  bool latency_from_due = true;  // false: closed loop, from the send
  Histogram lateness;            // send - due, all causes
  Histogram generator_lateness;  // reader, loop
  Histogram latency;             // from due (or send) to the answer's last byte
  Histogram service;             // from send
  Histogram recorded_latency;
  std::vector<std::string> unbelievable;  // quantiles of latency spoilt by the generator's lateness
  bool valid = true;
  bool partial = false;
  bool aborted = false;  // by abort_on or --when-full abort: exit 1, or 2 if nothing ever answered
  std::map<http::Endpoint, EndpointLoad> endpoints;
  std::vector<SecondCounts> seconds;  // by due time, one each `slot` from T0
  Duration slot = std::chrono::seconds(1);
  diff::Aggregate comparison;
  diff::Conclusion conclusion;
  std::vector<ThresholdResult> thresholds;
  format::DamageReport tape_damage;
  std::uint64_t not_saved = 0;
  std::string target;
  std::vector<std::string> tapes;
  std::vector<std::string> warnings;  // for people, and the report

  double error_rate() const;
  double difference_rate() const;
  int exit_status() const;      // 0, 1, 3, 4 as docs/cli.md orders them
  std::string to_json() const;  // `replay --json`, --result
};

struct TapeDiffResult {
  std::uint64_t pairs = 0;         // compared + no_answer + not_compared (unpaired too)
  std::uint64_t later_passes = 0;  // exchanges that came again under an id, of a tape replayed in a loop; not paired
  diff::Aggregate comparison;
  diff::Conclusion conclusion;
  std::vector<ThresholdResult> thresholds;
  Histogram primary_latency;
  Histogram candidate_latency;
  format::DamageReport primary_damage, candidate_damage;
  bool partial = false;
  std::string primary, candidate;  // paths

  int exit_status() const;
  std::string to_json() const;
};

}  // namespace tapedeck::replay
