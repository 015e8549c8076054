#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/quantity.hpp"
#include "format/exchange_json.hpp"
#include "tools/command.hpp"
#include "tools/selection.hpp"
#include "tools/tape_input.hpp"

namespace tapedeck::tools {
namespace {

struct ListOptions {
  TapeInput tape;
  Selection selection;
  bool json = false;
};

std::string words_of(http::FlagSet flags) {
  std::string words;
  for (std::uint8_t i = 0; i < http::kFlagCount; ++i) {
    const auto flag = static_cast<http::Flag>(i);
    if (flags.has(flag)) words += fmt::format(" {}", name_of(flag));
  }
  return words;
}

std::string line_for_people(const http::Exchange& exchange) {
  const auto [method, target] = http::request_line_of(exchange.request.head);
  const std::string status = exchange.has_response() ? std::to_string(exchange.status) : "-";
  const std::string took =
      exchange.has_response() ? format_duration(exchange.response.last - exchange.request.first) : "-";
  return fmt::format("{}  {}  {:>3} {:>9}  {} {}{}\n", to_string(exchange.id), format_time(exchange.request.first),
                     status, took, method.empty() ? "-" : method, target.empty() ? "-" : target,
                     words_of(exchange.flags));
}

Result<std::string> json_line(const format::StoredExchange& stored, format::TapeReader& reader) {
  std::string line;
  const auto read = [&reader](const format::BodyRef& body, const format::BodyVisitor& visit) {
    return reader.read_body(body, visit);
  };
  const auto written =
      format::write_stored(stored, format::JsonDetail::line, read, [&line](std::string_view text) -> Result<void> {
        line += text;
        return {};
      });
  if (!written) return written.error();
  line += '\n';
  return line;
}

ExitStatus list(const ListOptions& options) {
  auto reader = options.tape.open();
  if (!reader) return trouble(reader.error());
  const auto range = options.selection.range(*reader);
  if (!range) return trouble(range.error());
  auto cursor = reader->in_time_order(*range, format::Bodies::refer);
  for (;;) {
    const auto next = cursor.next_stored();
    if (!next) return trouble(next.error());
    if (!next->has_value()) break;
    if (!options.selection.keeps((*next)->exchange)) continue;
    const Result<std::string> line =
        options.json ? json_line(**next, *reader) : Result<std::string>(line_for_people((*next)->exchange));
    if (!line) return trouble(line.error());
    if (!print(*line)) return ExitStatus::trouble;
  }
  if (reader->damage().intact()) return ExitStatus::ok;
  warn(fmt::format("{}: {}", options.tape.path, reader->damage().sentence()));
  return ExitStatus::loss;
}

}  // namespace

void add_list_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "A line an exchange, in the order of the requests' first bytes");
  add_tape_input(command, options->tape);
  add_selection(command, options->selection);
  command->add_flag("--json", options->json, "NDJSON: an object a line");
  command->footer(
      "Examples:\n  tapedeck list monday.tape --filter 'status >= 500'\n"
      "  tapedeck list monday.tape --json --from +10m --to +11m | jq .target");
  command->callback([options, &status] { status = list(*options); });
}

}  // namespace tapedeck::tools
