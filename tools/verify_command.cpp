#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/byte_size.hpp"
#include "tools/command.hpp"
#include "tools/tape_input.hpp"

namespace tapedeck::tools {
namespace {

struct VerifyOptions {
  TapeInput tape;
  bool json = false;
};

ExitStatus verify(const VerifyOptions& options) {
  auto reader = options.tape.open(format::MissingKey::stored_only);
  if (!reader) return trouble(reader.error());
  const auto damage = reader->verify();
  if (!damage) return trouble(damage.error());
  const std::string text =
      options.json ? damage->to_json() : fmt::format("{}: {}", options.tape.path, damage->sentence());
  if (!print(text + "\n")) return ExitStatus::trouble;
  return damage->intact() && damage->sealed() ? ExitStatus::ok : ExitStatus::loss;
}

}  // namespace

void add_verify_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", "Check every record of a tape and say what is damaged or lost");
  add_tape_input(command, options->tape, "Of an encrypted tape; without it only what is stored can be checked");
  command->add_flag("--json", options->json, "The result as JSON");
  command->footer(
      "Examples:\n  tapedeck verify monday.tape\n  tapedeck verify tapes/ --json\n"
      "Exit status: 0 intact and sealed · 4 any loss, or not sealed · 2 not a tape");
  command->callback([options, &status] { status = verify(*options); });
}

}  // namespace tapedeck::tools
