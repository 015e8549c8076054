#include <CLI/CLI.hpp>

#include "tools/copying.hpp"

namespace tapedeck::tools {
void add_recover_command(CLI::App& app, ExitStatus& status) {
  auto copying = std::make_shared<Copying>();
  copying->tapes.resize(1);
  CLI::App* command = app.add_subcommand(
      "recover", "Write what can be read of a damaged or unsealed tape to a new one, and say what is lost");
  command->add_option("TAPE", copying->tapes.front(), "A tape, a directory of tapes, or - for standard input")
      ->required();
  add_copying(command, *copying);
  command->footer(
      "Examples:\n  tapedeck recover killed.tape --out whole.tape\n  tapedeck recover damaged.tape --out whole.tape "
      "--json\n"
      "Exit status: 0 nothing was lost · 4 something was, or the end is unknown · 2 not a tape");
  command->callback([copying, command, &status] { status = run_copy(*copying, copy_all(copy_note(*command))); });
}

}  // namespace tapedeck::tools
