#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tapedeck::tools {

/// JSON of a tape's first NOTE: who wrote it (tool, version, command), and what else is to be known; empty values are
/// left out.
std::string first_note(std::string_view command, const std::vector<std::pair<std::string, std::string>>& facts = {});

}  // namespace tapedeck::tools
