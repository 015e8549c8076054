#include <CLI/CLI.hpp>

#include "tools/copying.hpp"
#include "tools/selection.hpp"

namespace tapedeck::tools {
namespace {

struct FilterOptions {
  Copying copying;
  Selection selection;
};

ExitStatus filter(const FilterOptions& options, const std::string& first_note) {
  const auto chosen = [&](format::TapeReader& reader) -> Result<format::CopyOptions> {
    const auto range = options.selection.range(reader);
    if (!range) return range.error();
    format::CopyOptions copy;
    copy.keep = [&](const http::Exchange& exchange) { return options.selection.keeps(exchange); };
    copy.range = *range;
    copy.first_note = first_note;
    return copy;
  };
  return run_copy(options.copying, chosen);
}

}  // namespace

void add_filter_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<FilterOptions>();
  options->copying.tapes.resize(1);
  CLI::App* command =
      app.add_subcommand("filter", "Write a part of a tape to a new one, in time order; exchanges keep their ids");
  command->add_option("TAPE", options->copying.tapes.front(), "A tape, a directory of tapes, or - for standard input")
      ->required();
  add_copying(command, options->copying);
  add_selection(command, options->selection);
  command->footer(
      "Examples:\n  tapedeck filter monday.tape --out errors.tape --filter 'status >= 500'\n"
      "  tapedeck filter monday.tape --out noon.tape --from 2024-05-06T12:00:00Z --to 2024-05-06T12:10:00Z --json\n"
      "  tapedeck filter secret.tape --key-file monday.key --plain --out plain.tape\n"
      "Exit status: 0 · 4 the tape was damaged or not sealed · 2 trouble");
  command->callback([options, command, &status] { status = filter(*options, copy_note(*command)); });
}

}  // namespace tapedeck::tools
