#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/directory_of.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "format/existing_file.hpp"
#include "format/foreign/import.hpp"
#include "tools/command.hpp"
#include "tools/first_note.hpp"
#include "tools/progress_line.hpp"
#include "tools/stop_signals.hpp"
#include "tools/tape_output.hpp"

namespace tapedeck::tools {
namespace {

struct ImportCommand {
  std::vector<std::filesystem::path> files;
  TapeOutput out;
  bool json = false;
};

std::string as_json(const format::ImportResult& result) {
  JsonWriter json;
  json.begin_object();
  json.field("written", result.written);
  json.counts("skipped", result.skipped);
  json.field("unread_bytes", result.unread_bytes);
  json.field("partial", result.partial);
  json.end_object();
  return json.take();
}

std::string for_people(const ImportCommand& command, const format::ImportResult& result) {
  std::string text = fmt::format("{} written to {}", counted(result.written, "exchange"), command.out.path);
  std::string skipped;
  for (const auto& [reason, count] : result.skipped)
    skipped += fmt::format("{} {} {}", skipped.empty() ? "" : ",", count, reason);
  if (!skipped.empty()) text += "; skipped:" + skipped;
  if (result.damaged) text += "; not all could be read";
  if (result.partial) text += "; stopped before the end";
  return text;
}

format::ImportOptions options_of(const ImportCommand& command) {
  format::ImportOptions options;
  options.files = command.files;
  options.spill_directory = directory_of(command.out.path);
  options.tape = command.out.tape_options();
  options.create_sink = [&command] { return format::create_file_sink(command.out.path, command.out.overwrite()); };
  options.note_json = first_note("import");
  return options;
}

ExitStatus import_foreign(const ImportCommand& command) {
  if (auto apart = check_not_read(command.out, command.files); !apart) return trouble(apart.error());
  // Before files are read for an hour. That the tape is not overwritten in the end is up to its sink.
  if (auto free = format::check_free(command.out.path, command.out.overwrite()); !free) return trouble(free.error());
  const StopSignals signals;
  ProgressLine line;
  format::ImportOptions options = options_of(command);
  options.stop = signals.token();
  options.progress = [&line](std::uint64_t read) { line.show(fmt::format("{} exchanges read", read)); };
  const auto result = format::import_files(options);
  line.show("");
  if (!result) return trouble(result.error());
  for (const std::string& remark : result->remarks) inform(remark);
  const std::string text = command.json ? as_json(*result) : for_people(command, *result);
  if (!print(text + "\n")) return ExitStatus::trouble;
  return result->damaged || result->partial ? ExitStatus::loss : ExitStatus::ok;
}

}  // namespace

void add_import_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<ImportCommand>();
  CLI::App* command =
      app.add_subcommand("import", "Make a tape of recordings of other programs: HAR, GoReplay's .gor, WARC");
  command
      ->add_option("FILE", options->files,
                   "Files, read in this order and merged by time, or - for standard input. What they are is told by "
                   "their content; gzip and zstd are undone. Several .gor in a row are chunks of one recording")
      ->required();
  add_tape_output(command, options->out);
  command->add_flag("--json", options->json, "The result as JSON");
  command->footer(
      "Examples:\n  tapedeck import browser.har --out browser.tape\n  tapedeck import requests_0.gor requests_1.gor "
      "--out requests.tape\n"
      "  zcat crawl.warc.gz | tapedeck import - --out crawl.tape --json\n"
      "Exit status: 0 all was read · 4 a part could not be read · 2 nothing could, or trouble");
  command->callback([options, &status] { status = import_foreign(*options); });
}

}  // namespace tapedeck::tools
