#include "diff/aggregate.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "diff/curl.hpp"
#include "diff/noise.hpp"

namespace tapedeck::diff {
namespace {

constexpr std::size_t kMaxEndpoints = 4096;
constexpr std::size_t kMaxCells = 50000;
constexpr std::size_t kMaxSignatures = 4096;  // an endpoint
constexpr std::size_t kExamples = 3;          // a cell
constexpr std::uint64_t kCutOff = 0;          // in a signature: a cell that the caps left out

void add_counts(std::map<std::string, std::uint64_t>& to, const std::map<std::string, std::uint64_t>& from) {
  for (const auto& [name, count] : from) to[name] += count;
}

/// Keeps the examples with the smallest ids, one an exchange.
void add_example(std::vector<Example>& to, const Example& example) {
  const auto at = std::lower_bound(to.begin(), to.end(), example.id,
                                   [](const Example& e, const http::ExchangeId& id) { return e.id < id; });
  if (at != to.end() && at->id == example.id) return;
  to.insert(at, example);
  if (to.size() > kExamples) to.pop_back();
}

bool wants_example(const std::vector<Example>& examples, const http::ExchangeId& id) {
  return examples.size() < kExamples || id < examples.back().id;
}

Example make_example(const http::Exchange& primary, const Difference& difference) {
  const auto [method, target] = http::request_line_of(primary.request.head);
  return {primary.id,           std::string(method) + " " + shown_target(target),
          difference.pointer,   difference.primary,
          difference.candidate, curl_arguments(primary)};
}

}  // namespace

void Cell::merge(const Cell& other) {
  pairs += other.pairs;
  values.merge(other.values);
  for (const Example& example : other.examples) add_example(examples, example);
}

http::Endpoint Aggregate::capped(http::Endpoint endpoint) {
  if (x_endpoints.contains(endpoint) || x_endpoints.size() < kMaxEndpoints) return endpoint;
  x_exact = false;
  return {"*", "other"};
}

bool Aggregate::add_cell(const CellKey& key, const Cell& cell) {
  const auto at = x_cells.find(key);
  if (at != x_cells.end()) return at->second.merge(cell), true;
  if (x_cells.size() >= kMaxCells) {
    x_exact = false;
    return false;
  }
  x_cells.emplace(key, cell);
  return true;
}

Aggregate::Signature Aggregate::add_cells(const http::Exchange& primary, const http::Endpoint& endpoint,
                                          std::uint16_t candidate_status, const PairResult& result) {
  std::set<std::uint64_t> signature;
  for (const Difference& difference : result.differences) {
    CellKey key{endpoint,        primary.status,  candidate_status, difference.location,
                difference.path, difference.kind, difference.from,  difference.to};
    auto at = x_cells.find(key);
    if (at == x_cells.end() && x_cells.size() >= kMaxCells) {
      x_exact = false;
      signature.insert(kCutOff);
      continue;
    }
    const std::uint64_t number = fingerprint_number(key);
    if (at == x_cells.end()) at = x_cells.emplace(std::move(key), Cell{}).first;
    Cell& cell = at->second;
    if (signature.insert(number).second) ++cell.pairs;
    cell.values.add(primary, difference);
    if (wants_example(cell.examples, primary.id)) add_example(cell.examples, make_example(primary, difference));
  }
  if (result.capped) signature.insert(kCutOff);
  return {signature.begin(), signature.end()};
}

void Aggregate::add_signature(EndpointTally& tally, Signature signature, std::uint64_t pairs) {
  if (!tally.signatures.contains(signature) && tally.signatures.size() >= kMaxSignatures) {
    x_exact = false;
    signature = {kCutOff};
  }
  tally.signatures[std::move(signature)] += pairs;
}

void Aggregate::add(const http::Exchange& primary, std::uint16_t candidate_status, const PairResult& result) {
  x_hidden.resize(built_in_rules().size());
  for (std::size_t i = 0; i < x_hidden.size(); ++i) x_hidden[i] += result.hidden.test(i) ? 1 : 0;
  if (result.outcome == Outcome::not_compared) {
    ++x_not_compared[std::string(result.not_compared)];
    return;
  }
  const auto [method, target] = http::request_line_of(primary.request.head);
  const http::Endpoint endpoint = capped(http::endpoint_of(method, target));
  EndpointTally& tally = x_endpoints[endpoint];
  ++tally.pairs;
  if (result.outcome == Outcome::identical) {
    ++x_identical;
    ++x_identical_by[std::string(result.identical_by)];
    return;
  }
  Signature signature = add_cells(primary, endpoint, candidate_status, result);
  if (result.outcome == Outcome::no_answer) {
    ++tally.no_answer;
    ++x_no_answer;
  } else {
    ++x_different;
    add_signature(tally, std::move(signature), 1);
  }
}

void Aggregate::merge(const Aggregate& other) {
  x_identical += other.x_identical;
  x_different += other.x_different;
  x_no_answer += other.x_no_answer;
  x_exact = x_exact && other.x_exact;
  add_counts(x_not_compared, other.x_not_compared);
  add_counts(x_identical_by, other.x_identical_by);
  x_hidden.resize(built_in_rules().size());
  for (std::size_t i = 0; i < other.x_hidden.size(); ++i) x_hidden[i] += other.x_hidden[i];
  for (const auto& [endpoint, counts] : other.x_endpoints) {
    EndpointTally& tally = x_endpoints[capped(endpoint)];
    tally.pairs += counts.pairs;
    tally.no_answer += counts.no_answer;
    for (const auto& [signature, pairs] : counts.signatures) add_signature(tally, signature, pairs);
  }
  for (const auto& [key, cell] : other.x_cells) add_cell(key, cell);
}

std::map<http::Endpoint, EndpointCounts> Aggregate::endpoints() const {
  const auto noisy = noisy_cells(*this);
  std::map<http::Endpoint, EndpointCounts> out;
  for (const auto& [endpoint, tally] : x_endpoints) {
    EndpointCounts& counts_here = out[endpoint];
    counts_here.pairs = tally.pairs;
    counts_here.no_answer = tally.no_answer;
    for (const auto& [signature, pairs] : tally.signatures)
      counts_here.different += counts(signature, noisy) ? pairs : 0;
  }
  return out;
}

std::uint64_t Aggregate::different() const {
  std::uint64_t sum = 0;
  for (const auto& [endpoint, counts_there] : endpoints()) sum += counts_there.different;
  return sum;
}

std::map<std::string, std::uint64_t> Aggregate::identical_by() const {
  auto out = x_identical_by;
  if (const std::uint64_t noise = x_different - different(); noise != 0) out["noise"] += noise;
  return out;
}

std::map<std::string, std::uint64_t> Aggregate::hidden_by_rules() const {
  std::map<std::string, std::uint64_t> out;
  for (std::size_t i = 0; i < x_hidden.size(); ++i) {
    if (x_hidden[i] != 0) out[built_in_rules()[i]] = x_hidden[i];
  }
  return out;
}

const Aggregate::Signatures& Aggregate::signatures_of(const http::Endpoint& endpoint) const {
  static const Signatures none;
  const auto at = x_endpoints.find(endpoint);
  return at == x_endpoints.end() ? none : at->second.signatures;
}

}  // namespace tapedeck::diff
