#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "replay/replay_result.hpp"

namespace tapedeck::tools {

/// A result as lines for a terminal: load first, then what differs, the verdict last but for the reports' paths.
std::string replay_summary(const replay::ReplayResult& result, const std::vector<std::filesystem::path>& reports);
std::string diff_summary(const replay::TapeDiffResult& result, const std::vector<std::filesystem::path>& reports);

}  // namespace tapedeck::tools
