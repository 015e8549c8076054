#include <CLI/CLI.hpp>

#include "replay/replay.hpp"
#include "tools/command.hpp"
#include "tools/judging.hpp"
#include "tools/key_file.hpp"
#include "tools/parsed_option.hpp"
#include "tools/replay_summary.hpp"
#include "tools/stop_signals.hpp"

namespace tapedeck::tools {
namespace {

struct DiffFlags {
  replay::TapeDiffOptions run;
  Judging judging;
  bool json = false;
};

ExitStatus diff_two(DiffFlags& flags) {
  StopSignals signals;
  if (const auto ok = check_report_names(flags.judging); !ok) return trouble(ok.error());
  flags.run.compare = flags.judging.compare;
  flags.run.fail_on = flags.judging.fail_on;
  const auto result = replay::diff_tapes(flags.run, signals.token());
  if (!result) return trouble(result.error());
  if (const auto written = write_judged(flags.judging, *result); !written) return trouble(written.error());
  if (!print(flags.json ? result->to_json() + "\n" : diff_summary(*result, flags.judging.reports)))
    return ExitStatus::trouble;
  return static_cast<ExitStatus>(result->exit_status());
}

}  // namespace

void add_diff_command(CLI::App& app, ExitStatus& status) {
  auto flags = std::make_shared<DiffFlags>();
  CLI::App* command = app.add_subcommand("diff", "Compare two recordings, or saved replays, of the same requests");
  command->add_option("A", flags->run.primary, "The reference: a tape")->required();
  command->add_option("B", flags->run.candidate, "The one to judge: a tape")->required();
  add_parsed(
      command, "--filter", "EXPR", http::Filter::parse,
      [flags](http::Filter filter) { flags->run.filter = std::move(filter); },
      "Only requests that match, on both sides");
  add_key_file(command, flags->run.read.key);
  add_judging(command, flags->judging);
  command->add_flag("--json", flags->json, "The result as JSON");
  command->footer(
      "Examples:\n  tapedeck diff old.tape new.tape --report report.html\n"
      "  tapedeck diff old.tape new.tape --filter 'path ~ \"^/api/\"' --fail-on 'difference_rate > 0.1%' --json\n"
      "Exit status: 0 SAFE · 1 UNSAFE · 2 trouble · 3 UNDECIDED · 4 SAFE, with loss");
  command->callback([flags, &status] { status = diff_two(*flags); });
}

}  // namespace tapedeck::tools
