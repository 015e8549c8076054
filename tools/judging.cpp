#include "tools/judging.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/directory_of.hpp"
#include "replay/report.hpp"
#include "tools/parsed_option.hpp"

namespace tapedeck::tools {
namespace {

template <class R>
Result<void> write_all(const Judging& judging, const R& result) {
  for (const auto& path : judging.reports) {
    if (const auto written = replay::write_report(result, path); !written) return written.error();
  }
  if (judging.result.empty()) return {};
  return replay::write_whole_file(judging.result, result.to_json() + "\n");
}

}  // namespace

void add_judging(CLI::App* command, Judging& judging) {
  add_choice(command, "--compare",
             std::vector<std::pair<std::string, diff::Compare>>{
                 {"full", diff::Compare::full}, {"bytes", diff::Compare::bytes}, {"off", diff::Compare::off}},
             &judging.compare, "full: JSON by structure, after decoding; bytes: as on the wire; off");
  command
      ->add_option_function<std::vector<std::string>>(
          "--fail-on",
          [&judging](const std::vector<std::string>& texts) {
            for (const auto& text : texts) {
              auto threshold = replay::Threshold::parse(text);
              if (!threshold) throw CLI::ValidationError("--fail-on", threshold.error().message);
              judging.fail_on.push_back(std::move(*threshold));
            }
          },
          "UNSAFE when this holds, e.g. 'p99 > 300ms' or 'difference_rate > 0.1%'; repeatable")
      ->expected(1)
      ->take_all()
      ->type_name("EXPR");
  command->add_option("--report", judging.reports, "Write a report: .html or .md; repeatable")
      ->expected(1)
      ->take_all()
      ->type_name("FILE");
  command->add_option("--result", judging.result, "Write the result as JSON")->type_name("FILE");
}

Result<void> check_report_names(const Judging& judging) {
  for (const auto& path : judging.reports) {
    const auto extension = path.extension();
    if (extension != ".html" && extension != ".md") {
      return make_error(fmt::format("--report {}: the name must end in .html or .md", path.string()));
    }
    const auto folder = directory_of(path);
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored)) {
      return make_error(fmt::format("--report {}: there is no folder {}", path.string(), folder.string()));
    }
  }
  return {};
}

Result<void> write_judged(const Judging& judging, const replay::ReplayResult& result) {
  return write_all(judging, result);
}
Result<void> write_judged(const Judging& judging, const replay::TapeDiffResult& result) {
  return write_all(judging, result);
}

}  // namespace tapedeck::tools
