#pragma once
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diff/value_class.hpp"

namespace tapedeck::diff {

/// Where in an answer. The name is the word in JSON and reports.
enum class Location : std::uint8_t { exchange, status, header, trailer, cookie, body };
std::string_view name_of(Location location);

/// What kind of difference; stable names (docs/comparison.md). Severity only sorts.
enum class Kind : std::uint8_t {
  no_answer,
  status,
  format,
  unparsable,
  missing,
  type,
  duplicate_key,
  value,
  value_class,  // printed as `class`
  order,
  text,
  bytes,
  added,
  rounding,
  now,
};
std::string_view name_of(Kind kind);
enum class Severity : std::uint8_t { high, medium, low };
Severity severity_of(Kind kind);
std::string_view name_of(Severity severity);

/// One difference of a pair. Primary is the reference side (recorded), candidate the judged one (live).
struct Difference {
  Location location = Location::body;
  Kind kind = Kind::value;
  std::string path;     // general, as aggregated: `/items/*/price`; a header's name in lower case
  std::string pointer;  // exact: `/items/3/price`
  std::string primary;  // value as it stands there (a JSON string with its quotes), cut to 256 bytes; secrets masked
  std::string candidate;
  std::string from;  // status, type, class, format: what changed into what; part of the cluster's identity
  std::string to;
  ValueClass primary_class = ValueClass::none;  // value and class only; equal classes for kind value
  ValueClass candidate_class = ValueClass::none;
  std::uint64_t primary_hash = 0;  // of the whole value
  std::uint64_t candidate_hash = 0;
  bool from_request = false;  // the primary's value stands in the request, too
};

enum class Outcome : std::uint8_t { identical, different, no_answer, not_compared };

/// Built-in rules that hid a difference in this pair, by their place in built_in_rules().
using HiddenBy = std::bitset<64>;
/// `header:date presence`, ... in a fixed order.
const std::vector<std::string>& built_in_rules();

struct PairResult {
  Outcome outcome = Outcome::identical;
  std::string_view identical_by;  // bytes, decoded, form, rules
  std::string_view not_compared;  // primary_missing primary_broken body_cut conditional both_failed ...
  std::vector<Difference> differences;
  HiddenBy hidden;
  bool capped = false;  // there are more differences than the limit lets through
};

}  // namespace tapedeck::diff
