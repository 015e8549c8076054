#include "tools/tape_output.hpp"

#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/directory_of.hpp"
#include "tools/parsed_option.hpp"

namespace tapedeck::tools {
namespace {

namespace fs = std::filesystem;

/// A file of a directory that is read is read, too.
bool is_read_from(const fs::path& out, const fs::path& input) {
  std::error_code ignored;
  if (fs::file_size(out, ignored) == 0 || ignored) return false;
  if (fs::equivalent(out, input, ignored)) return true;
  if (!fs::is_directory(input, ignored) || out.extension() != ".tape") return false;
  return fs::equivalent(directory_of(out), input, ignored);
}

/// `-` would be a file of that name: results go to standard output, so no tape can.
std::string out_problem(const std::string& path) {
  return path == "-" ? "a tape is written to a file, not to standard output: name one" : "";
}

}  // namespace

format::TapeOptions TapeOutput::tape_options() const {
  format::TapeOptions options;
  options.workers = compression_workers;
  options.sync = sync;
  if (!plain) options.key = key;
  return options;
}

void add_tape_output(CLI::App* command, TapeOutput& out, WorkersFlag workers) {
  command->add_option("--out", out.path, "The tape to write; an existing file that is not empty is refused")
      ->required()
      ->check(CLI::Validator([](std::string& path) { return out_problem(path); }, ""))
      ->type_name("FILE");
  command->add_flag("--force", out.force, "Overwrite it");
  add_choice(
      command, "--sync",
      std::vector<std::pair<std::string, format::Sync>>{
          {"1s", format::Sync::every_second}, {"chunk", format::Sync::every_chunk}, {"never", format::Sync::never}},
      &out.sync, "When to sync the tape to the disk");
  add_key_file(command, out.key, "32 bytes: encrypts the tape; an encrypted input is read with them, too");
  if (workers == WorkersFlag::taken) return;
  command->add_option("--workers", out.compression_workers, "Threads that compress; any number gives equal bytes")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
}

Result<void> check_not_read(const TapeOutput& out, const std::vector<fs::path>& inputs) {
  for (const fs::path& input : inputs) {
    if (!is_read_from(out.path, input)) continue;
    return make_error(
        fmt::format("{} is read here and cannot be written, too: choose another name for --out", out.path));
  }
  return {};
}

Result<format::TapeWriter> open_sorted_tape(const TapeOutput& out) {
  auto sink = format::create_file_sink(out.path, out.overwrite());
  if (!sink) return sink.error();
  format::TapeOptions options = out.tape_options();
  options.sorted = true;
  return format::TapeWriter::create(std::move(*sink), options, system_clock().wall());
}

}  // namespace tapedeck::tools
