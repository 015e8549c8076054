#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "format/exchange_json.hpp"
#include "format/foreign/curl_command.hpp"
#include "format/tape_reader.hpp"
#include "tools/command.hpp"
#include "tools/key_file.hpp"

namespace tapedeck::tools {
namespace {

struct ShowOptions {
  std::string tape;
  MaybeKey key;
  std::string id;
  bool curl = false;
  bool json = false;
};

std::string raw(const http::Message& message) { return message.head + message.body.bytes; }

std::string text_of(const http::Exchange& exchange, const ShowOptions& options) {
  if (options.curl) return format::curl_command(exchange) + "\n";
  if (!options.json) return raw(exchange.request) + raw(exchange.response);
  JsonWriter json;
  format::write_exchange(json, exchange, format::JsonDetail::full);
  return json.take() + "\n";
}

ExitStatus show(const ShowOptions& options) {
  auto reader = format::TapeReader::open(options.tape, {options.key, format::MissingKey::refuse});
  if (!reader) return trouble(reader.error());
  const auto exchange = reader->find(options.id);
  if (!exchange) return trouble(exchange.error());
  return print(text_of(*exchange, options)) ? ExitStatus::ok : ExitStatus::trouble;
}

}  // namespace

void add_show_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command = app.add_subcommand("show", "The raw bytes of one exchange: heads as recorded, bodies de-chunked");
  command->add_option("TAPE", options->tape, "A tape, a directory of tapes, or - for standard input")->required();
  add_key_file(command, options->key);
  command->add_option("ID", options->id, "As `list` prints it; the number alone will do in a tape of one recording")
      ->required();
  auto* curl = command->add_flag("--curl", options->curl, "The request as a curl command");
  command->add_flag("--json", options->json, "Everything as JSON")->excludes(curl);
  command->footer(
      "Examples:\n  tapedeck show monday.tape 3f9c0a1b-1742\n  tapedeck show monday.tape 1742 --curl\n"
      "  tapedeck show monday.tape 1742 --json | jq -r .response_body");
  command->callback([options, &status] { status = show(*options); });
}

}  // namespace tapedeck::tools
