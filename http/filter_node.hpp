#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/filter.hpp"

namespace re2 {
class RE2;
}

namespace tapedeck::http {

enum class FilterField : std::uint8_t {
  method,
  host,
  path,
  query,
  target,
  header,
  response_header,
  status,
  duration,
  request_size,
  response_size,
  connection,
  client,
};

enum class FilterOperator : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  search,
  no_search,
  in
};

/// `field operator literal`, the literal in the form its field wants.
struct FilterComparison {
  FilterField field{};
  std::string header;  // lower case
  FilterOperator op{};
  std::vector<std::string> texts;     // == != in
  std::vector<std::int64_t> numbers;  // durations in ns, sizes in bytes
  std::unique_ptr<re2::RE2> pattern;  // ~ !~
};

struct Filter::Node {
  enum class Kind : std::uint8_t { all_of, any_of, negation, comparison };
  Node();
  ~Node();
  Kind kind = Kind::comparison;
  std::vector<std::unique_ptr<Node>> children;
  FilterComparison comparison;
};

}  // namespace tapedeck::http
