#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "replay/replay.hpp"
#include "replay/replay_result.hpp"

namespace CLI {
class App;
}

namespace tapedeck::tools {

/// `--compare --fail-on --report --result`: how a comparison is judged and where it is written.
struct Judging {
  diff::Compare compare = diff::Compare::full;
  std::vector<replay::Threshold> fail_on;
  std::vector<std::filesystem::path> reports;
  std::string result;
};

void add_judging(CLI::App* command, Judging& judging);

/// Before a long run: every --report has an extension that we write, and its folder exists.
Result<void> check_report_names(const Judging& judging);

Result<void> write_judged(const Judging& judging, const replay::ReplayResult& result);
Result<void> write_judged(const Judging& judging, const replay::TapeDiffResult& result);

}  // namespace tapedeck::tools
