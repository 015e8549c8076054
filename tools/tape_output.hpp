#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "format/tape_writer.hpp"
#include "tools/key_file.hpp"

namespace CLI {
class App;
}

namespace tapedeck::tools {

/// `--out --force --workers --sync --key-file` of the commands that write a tape. A command that reads tapes, too,
/// reads them with the same key: what was encrypted stays so, unless a plain tape is asked for.
struct TapeOutput {
  std::string path;
  bool force = false;
  unsigned compression_workers = 1;
  format::Sync sync = format::Sync::every_second;
  MaybeKey key;
  bool plain = false;  // the key is for reading alone

  /// How the tape is written, as far as the flags say.
  format::TapeOptions tape_options() const;
  format::ReadOptions reading() const { return {key, format::MissingKey::refuse}; }
  format::Overwrite overwrite() const { return force ? format::Overwrite::force : format::Overwrite::refuse; }
};

enum class WorkersFlag { offer, taken };  // taken: --workers means something else for this command

void add_tape_output(CLI::App* command, TapeOutput& out, WorkersFlag workers = WorkersFlag::offer);

/// Whether writing the tape would destroy one of the files that are read for it, forced or not.
Result<void> check_not_read(const TapeOutput& out, const std::vector<std::filesystem::path>& inputs);

/// A new file for rows that come in time order (filter, merge, recover).
Result<format::TapeWriter> open_sorted_tape(const TapeOutput& out);

}  // namespace tapedeck::tools
