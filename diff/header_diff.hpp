#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "diff/scalar_diff.hpp"
#include "diff/tree_diff.hpp"

namespace tapedeck::diff {

struct HeaderField {
  std::string name;   // lower case
  std::string value;  // outer blanks gone, folded lines joined
};
/// The field lines of a raw head (behind its start line) or of raw trailers.
std::vector<HeaderField> fields_of_head(std::string_view head);
std::vector<HeaderField> fields_of_lines(std::string_view lines);

/// Compares header or trailer fields under the built-in rules; what these hid goes to `facts.hidden`.
void diff_fields(const std::vector<HeaderField>& primary, const std::vector<HeaderField>& candidate, Location location,
                 const PairFacts& facts, DifferenceList& out);

/// Set-Cookie by name and attribute (docs/comparison.md). Values are never shown.
void diff_cookies(const std::vector<std::string>& primary, const std::vector<std::string>& candidate,
                  const PairFacts& facts, DifferenceList& out);

}  // namespace tapedeck::diff
