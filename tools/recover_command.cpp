#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "format/copy_tape.hpp"
#include "tools/command.hpp"
#include "tools/tape_output.hpp"

namespace tapedeck::tools {
namespace {

struct RecoverOptions {
  std::string tape;
  TapeOutput out;
  bool json = false;
};

ExitStatus recover(const RecoverOptions& options) {
  auto reader = format::TapeReader::open(options.tape);
  if (!reader) return trouble(reader.error());
  auto writer = open_sorted_tape(options.out);
  if (!writer) return trouble(writer.error());
  const auto keep_all = [](const http::Exchange&) { return true; };
  const auto copied = format::copy_tape(*reader, *writer, keep_all, {}, system_clock().wall());
  if (!copied) return trouble(copied.error());
  const std::string text = options.json ? copied->damage.to_json()
                                        : fmt::format("{}: {}; {} exchanges written to {}", options.tape,
                                                      copied->damage.sentence(), copied->written, options.out.path);
  if (!print(text + "\n")) return ExitStatus::trouble;
  return copied->damage.intact() ? ExitStatus::ok : ExitStatus::loss;
}

}  // namespace

void add_recover_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<RecoverOptions>();
  CLI::App* command = app.add_subcommand(
      "recover", "Write what can be read of a damaged or unsealed tape to a new one, and say what is lost");
  command->add_option("TAPE", options->tape, "A tape, a directory of tapes, or - for standard input")->required();
  add_tape_output(command, options->out);
  command->add_flag("--json", options->json, "The loss as JSON");
  command->footer(
      "Examples:\n  tapedeck recover killed.tape --out whole.tape\n  tapedeck recover damaged.tape --out whole.tape "
      "--json\n"
      "Exit status: 0 nothing was lost · 4 something was, or the end is unknown · 2 not a tape");
  command->callback([options, &status] { status = recover(*options); });
}

}  // namespace tapedeck::tools
