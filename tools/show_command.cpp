#include <utility>

#include <CLI/CLI.hpp>

#include "format/exchange_json.hpp"
#include "format/foreign/curl_command.hpp"
#include "tools/command.hpp"
#include "tools/tape_input.hpp"

namespace tapedeck::tools {
namespace {

struct ShowOptions {
  TapeInput tape;
  std::string id;
  bool curl = false;
  bool json = false;
};

/// What print() has said already, or nobody wants to hear.
const error_code kSaid = boost::system::errc::make_error_code(boost::system::errc::broken_pipe);

Result<void> write(std::string_view text) {
  if (print(text)) return {};
  return make_error(kSaid, "standard output");
}

Result<void> write_raw(const format::StoredExchange& stored, const format::ReadBody& read) {
  for (const http::Side side : http::kSides) {
    const http::Message& message = message_of(stored.exchange, side);
    if (auto done = write(message.head); !done) return done;
    const format::BodyRef& left = stored.left_of(side);
    if (auto done = left ? read(left, write) : write(message.body.bytes); !done) return done;
  }
  return {};
}

Result<void> show(format::StoredExchange stored, const format::ReadBody& read, const ShowOptions& options) {
  if (options.curl) {
    const auto whole = format::load_left(std::move(stored), read);
    return whole ? write(format::curl_command(*whole) + "\n") : whole.error();
  }
  if (!options.json) return write_raw(stored, read);
  const auto done = format::write_stored(stored, format::JsonDetail::full, read, write);
  return done ? write("\n") : done;
}

ExitStatus show(const ShowOptions& options) {
  auto reader = options.tape.open();
  if (!reader) return trouble(reader.error());
  auto found = reader->find_stored(options.id);
  if (!found) return trouble(found.error());
  const auto read = [&reader](const format::BodyRef& body, const format::BodyVisitor& visit) {
    return reader->read_body(body, visit);
  };
  const auto shown = show(std::move(*found), read, options);
  if (shown) return ExitStatus::ok;
  return shown.error().code == kSaid ? ExitStatus::trouble : trouble(shown.error());
}

}  // namespace

void add_show_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command = app.add_subcommand("show", "The raw bytes of one exchange: heads as recorded, bodies de-chunked");
  add_tape_input(command, options->tape);
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
