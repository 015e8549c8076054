#pragma once
#include <string>

#include "base/error.hpp"
#include "format/tape_reader.hpp"
#include "tools/key_file.hpp"

namespace CLI {
class App;
}

namespace tapedeck::tools {

/// `TAPE --key-file` of the commands that read one tape.
struct TapeInput {
  std::string path;
  MaybeKey key;

  Result<format::TapeReader> open(format::MissingKey missing = format::MissingKey::refuse) const {
    return format::TapeReader::open(path, {key, missing});
  }
};

void add_tape_input(CLI::App* command, TapeInput& tape, const std::string& key_help = kKeyHelp);

}  // namespace tapedeck::tools
