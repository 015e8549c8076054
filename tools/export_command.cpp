#include <algorithm>
#include <array>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "format/foreign/curl_exporter.hpp"
#include "format/foreign/gor_exporter.hpp"
#include "format/foreign/har_exporter.hpp"
#include "format/foreign/ndjson_exporter.hpp"
#include "format/foreign/warc_exporter.hpp"
#include "tools/command.hpp"
#include "tools/export_output.hpp"
#include "tools/progress_line.hpp"
#include "tools/selection.hpp"
#include "tools/stop_signals.hpp"
#include "tools/tape_input.hpp"
#include "tools/version.hpp"

namespace tapedeck::tools {
namespace {

struct Destination {
  format::ByteSink& sink;
  const std::string& path;
  format::Overwrite overwrite;
};

using MadeExporter = Result<std::unique_ptr<format::Exporter>>;

MadeExporter make_har(const Destination& to) { return format::make_har_exporter(to.sink, version()); }
MadeExporter make_ndjson(const Destination& to) { return format::make_ndjson_exporter(to.sink); }
MadeExporter make_curl(const Destination& to) { return format::make_curl_exporter(to.sink, to.path, to.overwrite); }

/// A name that ends in .gz asks for it.
format::Compression compression_of(const Destination& to) {
  return to.path.ends_with(".gz") ? format::Compression::gzip : format::Compression::none;
}
MadeExporter make_gor(const Destination& to) { return format::make_gor_exporter(to.sink, compression_of(to)); }
MadeExporter make_warc(const Destination& to) {
  return format::make_warc_exporter(to.sink, compression_of(to), version());
}

enum class Needs : std::uint8_t { nothing, file };  // file: something is written beside it

struct ExportFormat {
  std::string_view word;
  MadeExporter (*make)(const Destination& to);
  Needs needs = Needs::nothing;
};

constexpr std::array kFormats{
    ExportFormat{"har", make_har},
    ExportFormat{"gor", make_gor},
    ExportFormat{"warc", make_warc},
    ExportFormat{"ndjson", make_ndjson},
    ExportFormat{"curl", make_curl, Needs::file},
};

struct ExportOptions {
  TapeInput tape;
  const ExportFormat* to = nullptr;
  std::string out = "-";
  bool force = false;
  Selection selection;
  bool json = false;

  format::Overwrite overwrite() const { return force ? format::Overwrite::force : format::Overwrite::refuse; }
};

enum class Ending : std::uint8_t { whole, stopped };

constexpr std::uint64_t kProgressEvery = 1024;

Result<Ending> export_exchanges(format::TapeReader& reader, format::Exporter& exporter, const ExportOptions& options,
                                const std::stop_token& stop) {
  const auto range = options.selection.range(reader);
  if (!range) return range.error();
  ProgressLine line;
  auto cursor = reader.in_time_order(*range, format::Bodies::refer);
  const format::ReadBody read_body = [&reader](const format::BodyRef& body, const format::BodyVisitor& visit) {
    return reader.read_body(body, visit);
  };
  for (std::uint64_t read = 1; !stop.stop_requested(); ++read) {
    auto next = cursor.next_stored();
    if (!next) return next.error();
    if (!next->has_value()) return Ending::whole;
    if (!options.selection.keeps((*next)->exchange)) continue;
    if (const auto added = exporter.add_stored(std::move(**next), read_body); !added) return added.error();
    if (read % kProgressEvery == 0 && options.out != "-")
      line.show(fmt::format("{} exchanges written", exporter.written()));
  }
  return Ending::stopped;
}

std::string result_json(const format::Exporter& exporter, Ending ending) {
  JsonWriter json;
  json.begin_object();
  json.field("written", exporter.written());
  json.counts("skipped", exporter.skipped());
  json.field("partial", ending == Ending::stopped);
  json.end_object();
  return json.take() + "\n";
}

std::string skipped_text(const format::Skipped& skipped) {
  std::string text;
  for (const auto& [reason, count] : skipped)
    text += fmt::format("{}{} {}", text.empty() ? "; skipped: " : ", ", reason, count);
  return text;
}

/// On standard output, unless that is where the export went: then only what is not as it should be is said, on stderr.
bool tell_result(const ExportOptions& options, const format::Exporter& exporter, Ending ending) {
  if (options.json) return print(result_json(exporter, ending));
  const std::string skipped = skipped_text(exporter.skipped());
  const std::string text = fmt::format("{}: {} exchanges written{}{}{}", options.tape.path, exporter.written(),
                                       options.out == "-" ? "" : " to " + options.out, skipped,
                                       ending == Ending::stopped ? "; stopped by a signal, so there may be more" : "");
  if (options.out != "-") return print(text + "\n");
  if (ending == Ending::stopped || !skipped.empty()) inform(text);
  return true;
}

/// A reader of our standard output that has seen enough needs no word about it.
ExitStatus failed(const Error& error, const ExportOptions& options) {
  if (options.out == "-" && error.code == boost::system::errc::broken_pipe) return ExitStatus::trouble;
  return trouble(error);
}

ExitStatus export_tape(const ExportOptions& options) {
  const StopSignals signals;
  auto reader = options.tape.open();
  if (!reader) return trouble(reader.error());
  const auto out = open_export_output(options.out, options.overwrite());
  if (!out) return trouble(out.error());
  const auto exporter = options.to->make({**out, options.out, options.overwrite()});
  if (!exporter) return trouble(exporter.error());
  const auto ending = export_exchanges(*reader, **exporter, options, signals.token());
  if (!ending) return failed(ending.error(), options);
  if (const auto finished = (*exporter)->finish(); !finished) return failed(finished.error(), options);
  if (const auto placed = (*out)->finish(); !placed) return failed(placed.error(), options);
  if (!tell_result(options, **exporter, *ending)) return ExitStatus::trouble;
  if (!reader->damage().intact()) warn(fmt::format("{}: {}", options.tape.path, reader->damage().sentence()));
  return reader->damage().intact() && *ending == Ending::whole ? ExitStatus::ok : ExitStatus::loss;
}

std::string format_words() {
  std::string words;
  for (const ExportFormat& format : kFormats) words += fmt::format("{}{}", words.empty() ? "" : "|", format.word);
  return words;
}

/// `--to` names the format; given once more it is the end of the time window, as for `list`.
void take_to(const std::string& text, ExportOptions& options) {
  const auto* format = std::find_if(kFormats.begin(), kFormats.end(), [&](const auto& f) { return f.word == text; });
  if (format != kFormats.end()) {
    if (options.to != nullptr) throw CLI::ValidationError("--to", "two formats; one export writes one");
    options.to = format;
    return;
  }
  if (!time_problem(text).empty())
    throw CLI::ValidationError("--to", fmt::format("\"{}\": one of {}, or a time", text, format_words()));
  if (!options.selection.to.empty()) throw CLI::ValidationError("--to", "two times; the window has one end");
  options.selection.to = text;
}

void check_options(const ExportOptions& options) {
  if (options.to == nullptr) throw CLI::ValidationError("--to", "which format? One of " + format_words());
  if (options.to->needs == Needs::file && options.out == "-")
    throw CLI::ValidationError("--to", fmt::format("{} needs --out FILE: bodies go beside it", options.to->word));
  if (options.json && options.out == "-")
    throw CLI::ValidationError("--json", "needs --out FILE: the export itself goes to standard output");
}

}  // namespace

void add_export_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "Write a tape's exchanges in a format that other programs read");
  add_tape_input(command, options->tape);
  command
      ->add_option_function<std::vector<std::string>>(
          "--to",
          [options](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) take_to(text, *options);
          },
          "The format to write; a second one is a time: up to, not including, this recorded time")
      ->required()
      ->allow_extra_args(false)
      ->type_name(format_words());
  command
      ->add_option(
          "--out", options->out,
          "The file to write, whole or not at all; one that is not empty is refused. gor and warc are gzip if its name "
          "ends in .gz, else plain. -: standard output")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_flag("--force", options->force, "Replace it");
  add_selection(command, options->selection, ToFlag::taken);
  command->add_flag("--json", options->json, "What was written and skipped as JSON; needs --out FILE");
  command->footer(
      "Examples:\n  tapedeck export monday.tape --to ndjson | jq .target\n"
      "  tapedeck export monday.tape --to warc --out monday.warc.gz\n"
      "  tapedeck export monday.tape --to har --filter 'path ~ \"^/api/\"' --out api.har\n"
      "  tapedeck export monday.tape --to ndjson --from +10m --to +20m --out minutes.ndjson --json\n"
      "Exit status: 0 done · 2 trouble · 4 a tape that is damaged or not sealed was read in part");
  command->callback([options, &status] {
    check_options(*options);
    status = export_tape(*options);
  });
}

}  // namespace tapedeck::tools
