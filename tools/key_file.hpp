#pragma once
#include <optional>
#include <string>

#include "base/error.hpp"
#include "format/tape_reader.hpp"

namespace CLI {
class App;
}

namespace tapedeck::tools {

using MaybeKey = std::optional<format::TapeKey>;

inline constexpr const char* kKeyHelp = "The 32 bytes that an encrypted tape was written with";

/// `--key-file` of a command that only reads tapes. (Those that write one have it among their outputs' options.)
void add_key_file(CLI::App* command, MaybeKey& key, const std::string& help = kKeyHelp);

}  // namespace tapedeck::tools
