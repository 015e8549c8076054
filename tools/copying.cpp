#include "tools/copying.hpp"

#include <algorithm>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "tools/stop_signals.hpp"
#include "tools/version.hpp"

namespace tapedeck::tools {
namespace {

namespace fs = std::filesystem;

/// A file of a directory that is read is read, too.
bool is_read_from(const fs::path& out, const fs::path& tape) {
  std::error_code ignored;
  if (fs::file_size(out, ignored) == 0 || ignored) return false;
  if (fs::equivalent(out, tape, ignored)) return true;
  if (!fs::is_directory(tape, ignored) || out.extension() != ".tape") return false;
  return fs::equivalent(out.has_parent_path() ? out.parent_path() : fs::path("."), tape, ignored);
}

/// Many tapes are many open files; the limit that one starts with is for other times.
void allow_open_files(std::size_t tapes) {
  constexpr std::size_t kOthers = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= tapes + kOthers) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, tapes + kOthers);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // else opening says which file was one too many
}

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

Result<void> check_output(const Copying& copying) {
  for (const fs::path& tape : copying.tapes) {
    if (is_read_from(copying.out.path, tape)) {
      return make_error(
          fmt::format("{} is read here and cannot be written, too: choose another name for --out", copying.out.path));
    }
  }
  return {};
}

/// What can be read only once is not looked at before.
bool can_be_read_again(const fs::path& tape) {
  std::error_code ignored;
  return fs::is_regular_file(tape, ignored) || fs::is_directory(tape, ignored);
}

Result<format::TapeReader> open_tapes(const Copying& copying) {
  if (copying.tapes.size() == 1) return format::TapeReader::open(copying.tapes.front(), copying.out.reading());
  allow_open_files(copying.tapes.size());
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
  command->add_flag("--json", copying.json,
                    "The account as JSON: what was written, and what was wrong with what was read");
}

std::string copy_note(const CLI::App& command) {
  JsonWriter json;
  json.begin_object();
  json.field("tool", "tapedeck");
  json.field("version", version());
  json.field("command", std::string_view(command.get_name()));
  for (const char* name : {"filter", "sample", "from", "to"}) {
    const CLI::Option* option = command.get_option_no_throw(fmt::format("--{}", name));
    if (option != nullptr && option->count() > 0) json.field(name, std::string_view(option->results().back()));
  }
  json.end_object();
  return json.take();
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
  if (const auto checked = check_output(copying); !checked) return trouble(checked.error());
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
