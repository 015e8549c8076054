#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diff/difference.hpp"
#include "diff/samples.hpp"
#include "http/endpoint.hpp"
#include "http/exchange.hpp"

namespace tapedeck::diff {

/// A cell of the comparison: differences that are the same thing happening again.
struct CellKey {
  http::Endpoint endpoint;
  std::uint16_t primary_status = 0;
  std::uint16_t candidate_status = 0;
  Location location = Location::body;
  std::string path;
  Kind kind = Kind::value;
  std::string from, to;
  auto operator<=>(const CellKey&) const = default;
};
/// XXH3-64, seed 0, 16 hex digits, over the key's fields as `length:bytes` behind `v1` (docs/comparison.md).
std::string fingerprint(const CellKey& key);
std::uint64_t fingerprint_number(const CellKey& key);

/// One pair behind a cell, for people.
struct Example {
  http::ExchangeId id;
  std::string request;  // `GET /orders/17`
  std::string pointer;
  std::string primary;
  std::string candidate;
  std::string
      curl;  // arguments that repeat the request, but for the URL: `-X POST -H '...' --data-raw '...'`; cut off: empty
};

struct Cell {
  std::uint64_t pairs = 0;        // in which it occurred at least once
  std::vector<Example> examples;  // the first few by id
  ValueSamples values;            // whether its values look made up anew each time
  void merge(const Cell& other);
};

struct EndpointCounts {
  std::uint64_t pairs = 0;  // compared + no_answer
  std::uint64_t different = 0;
  std::uint64_t no_answer = 0;
};

/// Counts over all pairs. Merging is associative and commutative. Not thread-safe.
/// A pair is `different` if one of its cells is no noise; what is noise shows only in all pairs together, so these
/// numbers are worked out when asked for, from the sets of cells that occurred together.
class Aggregate {
 public:
  void add(const http::Exchange& primary, std::uint16_t candidate_status, const PairResult& result);
  void merge(const Aggregate& other);

  std::uint64_t compared() const { return x_identical + x_different; }
  std::uint64_t identical() const { return compared() - different(); }
  std::uint64_t different() const;
  std::uint64_t no_answer() const { return x_no_answer; }
  const std::map<std::string, std::uint64_t>& not_compared() const { return x_not_compared; }
  std::map<std::string, std::uint64_t> identical_by() const;  // its numbers add up to identical()
  std::map<http::Endpoint, EndpointCounts> endpoints() const;
  const std::map<CellKey, Cell>& cells() const { return x_cells; }
  /// What the built-in rules hid, in pairs.
  std::map<std::string, std::uint64_t> hidden_by_rules() const;
  bool exact() const { return x_exact; }  // false once a cap (4096 endpoints, 50000 cells) cut something off

  /// Fingerprints of the cells that differed together in a pair, ascending; 0 stands for what a cap cut off.
  using Signature = std::vector<std::uint64_t>;
  using Signatures = std::map<Signature, std::uint64_t>;  // to pairs
  const Signatures& signatures_of(const http::Endpoint& endpoint) const;

 private:
  struct EndpointTally {
    std::uint64_t pairs = 0;
    std::uint64_t no_answer = 0;
    Signatures signatures;  // of compared pairs that differ
  };
  http::Endpoint capped(http::Endpoint endpoint);
  Signature add_cells(const http::Exchange& primary, const http::Endpoint& endpoint, std::uint16_t candidate_status,
                      const PairResult& result);
  void add_signature(EndpointTally& tally, Signature signature, std::uint64_t pairs);
  bool add_cell(const CellKey& key, const Cell& cell);

  std::uint64_t x_identical = 0;  // before noise
  std::uint64_t x_different = 0;
  std::uint64_t x_no_answer = 0;
  std::map<std::string, std::uint64_t> x_not_compared;
  std::map<std::string, std::uint64_t> x_identical_by;
  std::map<http::Endpoint, EndpointTally> x_endpoints;
  std::map<CellKey, Cell> x_cells;
  std::vector<std::uint64_t> x_hidden;  // by built-in rule
  bool x_exact = true;
};

}  // namespace tapedeck::diff
