#pragma once
#include <string>

#include "base/error.hpp"
#include "format/tape_writer.hpp"
#include "tools/key_file.hpp"

namespace CLI {
class App;
}

namespace tapedeck::tools {

/// `--out --force --workers --sync --key-file` of the commands that write a tape. A command that reads tapes, too,
/// reads them with the same key: what was encrypted stays so.
struct TapeOutput {
  std::string path;
  bool force = false;
  unsigned compression_workers = 1;
  format::Sync sync = format::Sync::every_second;
  MaybeKey key;

  format::ReadOptions reading() const { return {key, format::MissingKey::refuse}; }
  format::Overwrite overwrite() const { return force ? format::Overwrite::force : format::Overwrite::refuse; }
};

enum class WorkersFlag { offer, taken };  // taken: --workers means something else for this command

void add_tape_output(CLI::App* command, TapeOutput& out, WorkersFlag workers = WorkersFlag::offer);

/// A new file for rows that come in time order (filter, merge, recover).
Result<format::TapeWriter> open_sorted_tape(const TapeOutput& out);

}  // namespace tapedeck::tools
