#include <CLI/CLI.hpp>

#include "tools/copying.hpp"

namespace tapedeck::tools {
void add_merge_command(CLI::App& app, ExitStatus& status) {
  auto copying = std::make_shared<Copying>();
  CLI::App* command =
      app.add_subcommand("merge", "Write several tapes to one, in time order; exchanges keep their ids");
  command
      ->add_option("TAPE", copying->tapes,
                   "Tapes, directories of tapes, or - for standard input; damaged and unsealed ones, too")
      ->required()
      ->type_name("TAPE...");
  add_copying(command, *copying);
  command->footer(
      "Examples:\n  tapedeck merge node1.tape node2.tape --out all.tape\n  tapedeck merge killed.tape after/ --out "
      "all.tape "
      "--json\n"
      "A part of a recording that stands on several tapes counts once.\n"
      "Exit status: 0 · 4 a tape was damaged or not sealed · 2 trouble");
  command->callback([copying, command, &status] { status = run_copy(*copying, copy_all(copy_note(*command))); });
}

}  // namespace tapedeck::tools
