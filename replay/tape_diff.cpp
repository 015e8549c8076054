#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "replay/replay.hpp"
#include "replay/tape_pairs.hpp"

namespace tapedeck::replay {
namespace {

constexpr std::uint64_t kWaitingBytes = 256u << 20;

/// One of the two tapes: read in time order, and by id for exchanges that had to be let go.
class Tape {
 public:
  static Result<Tape> open(const std::filesystem::path& path, const format::ReadOptions& options) {
    auto reader = format::TapeReader::open(path, options);
    if (!reader) return reader.error();
    return Tape(*std::move(reader));
  }

  /// Hashes of all ids, without bodies.
  Result<std::unordered_set<std::uint64_t>> ids(const std::stop_token& stop) {
    // A reader of its own: what is damaged is to be counted once.
    auto reader = x_reader.again();
    std::unordered_set<std::uint64_t> out;
    auto cursor = reader.in_time_order({}, format::Bodies::skip);
    while (!stop.stop_requested()) {
      auto exchange = cursor.next();
      if (!exchange) return exchange.error();
      if (!*exchange) break;
      out.insert(hash_of((*exchange)->id));
    }
    return out;
  }

  void start() { x_cursor.emplace(x_reader.in_time_order()); }
  Result<std::optional<http::Exchange>> next() { return x_cursor->next(); }
  const format::DamageReport& damage() const { return x_reader.damage(); }

  Result<http::Exchange> find(const http::ExchangeId& id) {
    if (!x_lookup) x_lookup.emplace(x_reader.again());
    return x_lookup->find(http::to_string(id));
  }

 private:
  explicit Tape(format::TapeReader reader) : x_reader(std::move(reader)) {}

  format::TapeReader x_reader;
  std::optional<format::TapeReader> x_lookup;
  std::optional<format::Cursor> x_cursor;
};

diff::PairResult not_compared_because(std::string_view reason) {
  diff::PairResult result;
  result.outcome = diff::Outcome::not_compared;
  result.not_compared = reason;
  return result;
}

/// Pairs two tapes and counts what comes of the pairs.
class TapeComparison {
 public:
  TapeComparison(const TapeDiffOptions& options, Tape& primary, Tape& candidate)
      : x_options(options),
        x_tapes{&primary, &candidate},
        x_differ(options.compare),
        x_table(kWaitingBytes, [this](TapeSide side, const http::ExchangeId& id) { return tape(side).find(id); }) {}

  Result<void> run(const std::stop_token& stop) {
    auto primary_ids = tape(TapeSide::primary).ids(stop);
    if (!primary_ids) return primary_ids.error();
    auto candidate_ids = tape(TapeSide::candidate).ids(stop);
    if (!candidate_ids) return candidate_ids.error();
    x_by = choose_pairing(*primary_ids, *candidate_ids);
    for (Tape* each : x_tapes) each->start();
    if (auto read = read_all(stop); !read) return read.error();
    if (x_result.partial) return {};  // who has no partner would show only at the end
    return x_table.drain([this](TapeSide side, http::Exchange exchange) { alone(side, exchange, "unpaired"); });
  }

  TapeDiffResult take() { return std::move(x_result); }
  std::uint64_t errors() const { return x_errors; }

 private:
  Tape& tape(TapeSide side) { return *x_tapes[static_cast<std::size_t>(side)]; }

  // One of each side in turn: tapes of the same requests stay in step, and few exchanges wait.
  Result<void> read_all(const std::stop_token& stop) {
    std::array<bool, 2> open{true, true};
    while (open[0] || open[1]) {
      for (const TapeSide side : {TapeSide::primary, TapeSide::candidate}) {
        bool& more = open[static_cast<std::size_t>(side)];
        if (!more) continue;
        if (stop.stop_requested()) return x_result.partial = true, Result<void>();
        auto exchange = tape(side).next();
        if (!exchange) return exchange.error();
        more = exchange->has_value();
        if (!more) continue;
        if (auto put = take_in(side, **std::move(exchange)); !put) return put.error();
      }
    }
    return {};
  }

  Result<void> take_in(TapeSide side, http::Exchange exchange) {
    const auto key = x_by == PairBy::id ? std::optional(hash_of(exchange.id)) : request_key(exchange);
    if (!key) return alone(side, exchange, "request_missing"), Result<void>();
    if (x_by == PairBy::id && !x_seen[static_cast<std::size_t>(side)].insert(*key).second) {
      ++x_result.later_passes;
      return {};
    }
    auto pair = x_table.put(side, *key, std::move(exchange));
    if (!pair) return pair.error();
    if (*pair) compare(**pair);
    return {};
  }

  void compare(const Paired& pair) {
    if (!x_options.filter.matches(pair.primary)) return;
    ++x_result.pairs;
    const diff::PairResult result = x_differ.compare(pair.primary, pair.candidate);
    x_result.comparison.add(pair.primary, pair.candidate.status, result);
    const bool primary_ok = pair.primary.has_response() && pair.primary.status < 500;
    if (primary_ok && (!pair.candidate.has_response() || pair.candidate.status >= 500)) ++x_errors;
    if (!pair.primary.has_response() || !pair.candidate.has_response()) return;
    x_result.primary_latency.add(pair.primary.response.last - pair.primary.request.first);
    x_result.candidate_latency.add(pair.candidate.response.last - pair.candidate.request.first);
  }

  void alone(TapeSide, const http::Exchange& exchange, std::string_view reason) {
    if (!x_options.filter.matches(exchange)) return;
    ++x_result.pairs;
    x_result.comparison.add(exchange, 0, not_compared_because(reason));
  }

  const TapeDiffOptions& x_options;
  std::array<Tape*, 2> x_tapes;
  diff::Differ x_differ;
  PairingTable x_table;
  PairBy x_by = PairBy::key;
  std::array<std::unordered_set<std::uint64_t>, 2> x_seen;
  std::uint64_t x_errors = 0;
  TapeDiffResult x_result;
};

double share(std::uint64_t part, std::uint64_t of) {
  return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
}

double measure(const TapeDiffResult& result, std::uint64_t errors, std::string_view name) {
  const diff::Aggregate& all = result.comparison;
  if (name == "error_rate") return share(errors, result.pairs);
  if (name == "difference_rate") return share(all.different() + all.no_answer(), all.compared() + all.no_answer());
  constexpr std::array<std::pair<std::string_view, double>, 5> kQuantiles{
      {{"p50", .5}, {"p90", .9}, {"p99", .99}, {"p999", .999}, {"max", 1}}};
  const auto found = std::find_if(kQuantiles.begin(), kQuantiles.end(), [&](const auto& q) { return q.first == name; });
  return static_cast<double>(result.candidate_latency.quantile(found == kQuantiles.end() ? 1 : found->second).count());
}

void judge(TapeDiffResult& result, const TapeDiffOptions& options, std::uint64_t errors) {
  diff::RunFacts facts;
  facts.partial = result.partial;
  facts.comparison_off = options.compare == diff::Compare::off;
  for (const Threshold& threshold : options.fail_on) {
    const auto of = [&](std::string_view name) { return measure(result, errors, name); };
    ThresholdResult judged{threshold.text(), of(threshold.first_measure()), !threshold.holds(of)};
    if (!threshold.first_measure().ends_with("_rate")) judged.value /= 1000;  // ns to us
    facts.thresholds_given = true;
    facts.latency_judged = facts.latency_judged || threshold.names_latency();
    facts.difference_threshold_given = facts.difference_threshold_given || threshold.names("difference_rate");
    facts.threshold_crossed = facts.threshold_crossed || !judged.ok;
    result.thresholds.push_back(std::move(judged));
  }
  result.conclusion = diff::conclude(result.comparison, facts);
}

}  // namespace

Result<TapeDiffResult> diff_tapes(const TapeDiffOptions& options, std::stop_token stop) {
  auto primary = Tape::open(options.primary, options.read);
  if (!primary) return primary.error();
  auto candidate = Tape::open(options.candidate, options.read);
  if (!candidate) return candidate.error();
  TapeComparison comparison(options, *primary, *candidate);
  if (auto run = comparison.run(stop); !run) return run.error();
  TapeDiffResult result = comparison.take();
  result.primary = options.primary.string();
  result.candidate = options.candidate.string();
  result.primary_damage = primary->damage();
  result.candidate_damage = candidate->damage();
  judge(result, options, comparison.errors());
  return result;
}

}  // namespace tapedeck::replay
