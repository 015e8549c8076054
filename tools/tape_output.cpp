#include "tools/tape_output.hpp"

#include <CLI/CLI.hpp>

#include "base/clock.hpp"
#include "tools/parsed_option.hpp"

namespace tapedeck::tools {

void add_tape_output(CLI::App* command, TapeOutput& out, WorkersFlag workers) {
  command->add_option("--out", out.path, "The tape to write; an existing file that is not empty is refused")
      ->required()
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

Result<format::TapeWriter> open_sorted_tape(const TapeOutput& out) {
  auto sink = format::create_file_sink(out.path, out.overwrite());
  if (!sink) return sink.error();
  format::TapeOptions options;
  options.workers = out.compression_workers;
  options.sync = out.sync;
  options.sorted = true;
  options.key = out.key;
  return format::TapeWriter::create(std::move(*sink), options, system_clock().wall());
}

}  // namespace tapedeck::tools
