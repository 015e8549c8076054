#include "tools/key_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "tools/parsed_option.hpp"

namespace tapedeck::tools {

void add_key_file(CLI::App* command, MaybeKey& key, const std::string& help) {
  const auto read = [&key](std::string_view path) -> Result<void> {
    const auto file = format::read_key_file(path);
    if (!file) return file.error();
    if (file->others_can_read) warn(fmt::format("{}: others than its owner can read this key: chmod 600 it", path));
    key = file->key;
    return {};
  };
  add_text(command, "--key-file", "FILE", read, help);
}

}  // namespace tapedeck::tools
