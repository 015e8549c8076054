#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "diff/difference.hpp"
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

/// One pair behind a cell, for people.
struct Example {
  http::ExchangeId id;
  std::string request;    // `GET /orders/17`
  std::string pointer;
  std::string primary;
  std::string candidate;
};

struct Cell {
  std::uint64_t pairs = 0;  // in which it occurred at least once
  std::vector<Example> examples;  // the first few by id
};

struct EndpointCounts {
  std::uint64_t pairs = 0;  // compared + no_answer
  std::uint64_t different = 0;
  std::uint64_t no_answer = 0;
};

/// Counts over all pairs. Merging is associative and commutative. Not thread-safe.
class Aggregate {
 public:
  void add(const http::Exchange& primary, std::uint16_t candidate_status, const PairResult& result);
  void merge(const Aggregate& other);

  std::uint64_t compared() const { return x_identical + x_different; }
  std::uint64_t identical() const { return x_identical; }
  std::uint64_t different() const { return x_different; }
  std::uint64_t no_answer() const { return x_no_answer; }
  const std::map<std::string, std::uint64_t>& not_compared() const { return x_not_compared; }
  const std::map<std::string, std::uint64_t>& identical_by() const { return x_identical_by; }
  const std::map<http::Endpoint, EndpointCounts>& endpoints() const { return x_endpoints; }
  const std::map<CellKey, Cell>& cells() const { return x_cells; }
  bool exact() const { return x_exact; }  // false once a cap (4096 endpoints, 50000 cells) cut something off

 private:
  std::uint64_t x_identical = 0;
  std::uint64_t x_different = 0;
  std::uint64_t x_no_answer = 0;
  std::map<std::string, std::uint64_t> x_not_compared;
  std::map<std::string, std::uint64_t> x_identical_by;
  std::map<http::Endpoint, EndpointCounts> x_endpoints;
  std::map<CellKey, Cell> x_cells;
  bool x_exact = true;
};

}  // namespace tapedeck::diff
