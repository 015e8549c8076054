#pragma once
#include <string_view>

#include "diff/tree_diff.hpp"

namespace tapedeck::diff {

/// Texts by lines: a `text` difference for each stretch of lines that differ. Beyond 20000 lines or 1000 edits the
/// first stretch alone, from the first to the last line that differs.
void diff_lines(std::string_view primary, std::string_view candidate, DifferenceList& out);

/// One `bytes` difference that names sizes and the first byte that differs.
void diff_bytes(std::string_view primary, std::string_view candidate, DifferenceList& out);

}  // namespace tapedeck::diff
