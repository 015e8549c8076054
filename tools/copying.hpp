#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "format/copy_tape.hpp"
#include "tools/command.hpp"
#include "tools/tape_output.hpp"

namespace tapedeck::tools {

/// What recover, filter and merge have in common: tapes in, a sorted tape out, and an account of what was read.
struct Copying {
  std::vector<std::filesystem::path> tapes;
  TapeOutput out;
  bool json = false;
};

void add_copying(CLI::App* command, Copying& copying);

/// JSON of a copy's first NOTE: the command, and those of its options that say what it keeps, as they were given.
std::string copy_note(const CLI::App& command);

/// What to copy, once it can be read what there is.
using Choose = std::function<Result<format::CopyOptions>(format::TapeReader&)>;
Choose copy_all(std::string first_note);

/// Reads the tapes as one and copies until all is read or a signal comes, prints the account and says how it went.
/// Trouble if one of them is no tape, or if writing `out` would destroy one of them.
ExitStatus run_copy(const Copying& copying, const Choose& choose);

}  // namespace tapedeck::tools
