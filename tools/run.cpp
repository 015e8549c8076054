#include <csignal>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "tools/command.hpp"
#include "tools/version.hpp"

namespace tapedeck::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  tapedeck record --listen 8080 --upstream http://127.0.0.1:9000 --out monday.tape
  tapedeck replay monday.tape --target http://staging:9000 --speed 10x --report report.html
  tapedeck list monday.tape --filter 'status >= 500'
Exit status: 0 done · 1 differences or thresholds crossed · 2 trouble · 3 undecided · 4 done, with loss)";

/// CLI11's text cut to the one line that docs/cli.md promises.
int report_usage_error(const CLI::ParseError& error) {
  std::string text = error.what();
  text = text.substr(0, text.find('\n'));
  inform(fmt::format("{} (see tapedeck --help)", text));
  return static_cast<int>(ExitStatus::trouble);
}

}  // namespace

int run(int argc, const char* const* argv) {
  // A peer or a pipe that goes away is an error of that write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"tapedeck records production HTTP traffic, replays it at any speed and compares the answers.",
               "tapedeck"};
  app.set_version_flag("--version", fmt::format("tapedeck {}", version()));
  app.footer(kExamples);
  app.require_subcommand(1);
  ExitStatus status = ExitStatus::ok;
  add_record_command(app, status);
  add_replay_command(app, status);
  add_diff_command(app, status);
  add_info_command(app, status);
  add_list_command(app, status);
  add_show_command(app, status);
  add_verify_command(app, status);
  add_recover_command(app, status);
  add_filter_command(app, status);
  add_merge_command(app, status);
  add_export_command(app, status);
  add_import_command(app, status);
  add_demo_command(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    return report_usage_error(error);
  }
  return static_cast<int>(status);
}

}  // namespace tapedeck::tools
