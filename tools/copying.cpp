#include "tools/copying.hpp"

#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/open_files.hpp"
#include "base/text.hpp"
#include "tools/first_note.hpp"
#include "tools/stop_signals.hpp"

namespace tapedeck::tools {
namespace {

namespace fs = std::filesystem;

std::string names_of(const Copying& copying) {
  if (copying.tapes.size() == 1) return copying.tapes.front().string();
  return fmt::format("{} tapes", copying.tapes.size());
}

std::string account_as_json(const format::CopyResult& copied) {
  JsonWriter json;
  json.begin_object();
  json.field("written", copied.written);
  copied.damage.write_fields(json);
  json.field("partial", copied.stopped);
  json.end_object();
  return json.take();
}

std::string account_for_people(const Copying& copying, const format::CopyResult& copied) {
  return fmt::format("{}: {}; {} written to {}{}", names_of(copying), copied.damage.sentence(),
                     counted(copied.written, "exchange"), copying.out.path,
                     copied.stopped ? ", stopped before the end" : "");
}

/// What can be read only once is not looked at before.
bool can_be_read_again(const fs::path& tape) {
  std::error_code ignored;
  return fs::is_regular_file(tape, ignored) || fs::is_directory(tape, ignored);
}

Result<format::TapeReader> open_tapes(const Copying& copying) {
  if (copying.tapes.size() == 1) return format::TapeReader::open(copying.tapes.front(), copying.out.reading());
  raise_open_files_limit();  // many tapes are many open files; opening says which one was one too many
  std::vector<std::unique_ptr<format::ByteSource>> sources;
  for (const fs::path& tape : copying.tapes) {
    // Each on its own first: what is no tape is named, and not taken for a hole between its neighbours.
    if (can_be_read_again(tape)) {
      if (const auto alone = format::TapeReader::open(tape, copying.out.reading()); !alone) return alone.error();
    }
    auto source = format::open_source(tape);
    if (!source) return source.error();
    sources.push_back(std::move(*source));
  }
  auto joined = format::join_sources(std::move(sources));
  if (!joined) return joined.error();
  return format::TapeReader::open(std::move(*joined), copying.out.reading());
}

}  // namespace

void add_copying(CLI::App* command, Copying& copying) {
  add_tape_output(command, copying.out);
  command
      ->add_flag(
          "--plain", copying.out.plain,
          "Write a tape that is not encrypted: --key-file is for reading alone. Whoever has the tape can read it")
      ->needs("--key-file");
  command->add_flag("--json", copying.json,
                    "The account as JSON: what was written, and what was wrong with what was read");
}

std::string copy_note(const CLI::App& command) {
  std::vector<std::pair<std::string, std::string>> facts;
  for (const char* name : {"filter", "sample", "from", "to"}) {
    const CLI::Option* option = command.get_option_no_throw(fmt::format("--{}", name));
    if (option != nullptr && option->count() > 0) facts.emplace_back(name, option->results().back());
  }
  return first_note(command.get_name(), facts);
}

Choose copy_all(std::string first_note) {
  return [note = std::move(first_note)](format::TapeReader&) -> Result<format::CopyOptions> {
    format::CopyOptions options;
    options.first_note = note;
    return options;
  };
}

ExitStatus run_copy(const Copying& copying, const Choose& choose) {
  StopSignals signals;
  if (const auto checked = check_not_read(copying.out, copying.tapes); !checked) return trouble(checked.error());
  auto from = open_tapes(copying);
  if (!from) return trouble(from.error());
  auto options = choose(*from);
  if (!options) return trouble(options.error());
  options->stop = signals.token();
  auto writer = open_sorted_tape(copying.out);
  if (!writer) return trouble(writer.error());
  const auto copied = format::copy_tape(*from, *writer, *options, system_clock().wall());
  if (!copied) return trouble(copied.error());
  const format::DamageReport& damage = copied->damage;
  if (damage.stale > 0) {
    warn(
        fmt::format("{}: {} records stand there more than once, or are left over from something else: each counts once",
                    names_of(copying), damage.stale));
  }
  const std::string text = copying.json ? account_as_json(*copied) : account_for_people(copying, *copied);
  if (!print(text + "\n")) return ExitStatus::trouble;
  return damage.intact() && damage.sealed() ? ExitStatus::ok : ExitStatus::loss;
}

}  // namespace tapedeck::tools
