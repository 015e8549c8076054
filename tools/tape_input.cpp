#include "tools/tape_input.hpp"

#include <CLI/CLI.hpp>

namespace tapedeck::tools {

void add_tape_input(CLI::App* command, TapeInput& tape, const std::string& key_help) {
  command->add_option("TAPE", tape.path, "A tape, a directory of tapes, or - for standard input")->required();
  add_key_file(command, tape.key, key_help);
}

}  // namespace tapedeck::tools
