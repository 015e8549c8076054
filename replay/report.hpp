#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "replay/replay_result.hpp"

namespace tapedeck::replay {

/// One offline HTML file (no network, works from file://): verdict, clusters with examples, latency recorded against
/// live, lateness, rate over time, what was not tested. Markdown for a pull request.
std::string html_report(const ReplayResult& result);
std::string html_report(const TapeDiffResult& result);
std::string markdown_report(const ReplayResult& result);
std::string markdown_report(const TapeDiffResult& result);

/// By the path's extension (.html, .md); another one is an error. Temporary name, then rename.
Result<void> write_report(const ReplayResult& result, const std::filesystem::path& path);
Result<void> write_report(const TapeDiffResult& result, const std::filesystem::path& path);

/// Replaces `path` at once: temporary name beside it, fsync, rename.
Result<void> write_whole_file(const std::filesystem::path& path, std::string_view text);

}  // namespace tapedeck::replay
