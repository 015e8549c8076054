#pragma once
#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_size.hpp"
#include "base/error.hpp"
#include "base/quantity.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

// Options whose text one of our own parsers reads; its error is the usage error.
namespace tapedeck::tools {

/// `read` takes the option's text. `shown_default` is what --help says.
CLI::Option* add_text(CLI::App* command, const std::string& name, const std::string& placeholder,
                      std::function<Result<void>(std::string_view)> read, const std::string& help,
                      const std::string& shown_default = "");

/// `parse` makes the value, `assign` stores it.
template <class Parse, class Assign>
requires std::invocable<Parse, std::string_view> CLI::Option* add_parsed(CLI::App* command, const std::string& name,
                                                                         const std::string& placeholder, Parse parse,
                                                                         Assign assign, const std::string& help,
                                                                         const std::string& shown_default = "") {
  const auto read = [parse, assign](std::string_view text) -> Result<void> {
    auto value = parse(text);
    if (!value) return value.error();
    assign(std::move(*value));
    return {};
  };
  return add_text(command, name, placeholder, read, help, shown_default);
}

CLI::Option* add_size(CLI::App* command, const std::string& name, ByteSize* into, const std::string& help);
CLI::Option* add_duration(CLI::App* command, const std::string& name, Duration* into, const std::string& help);

/// One of a few words; the one that stands in `into` is the default.
template <class Enum>
CLI::Option* add_choice(CLI::App* command, const std::string& name,
                        const std::vector<std::pair<std::string, Enum>>& choices, Enum* into, const std::string& help) {
  std::string words;
  std::string standard;
  for (const auto& [word, value] : choices) {
    words += (words.empty() ? "" : "|") + word;
    if (value == *into) standard = word;
  }
  const auto read = [words, choices, into](std::string_view text) -> Result<void> {
    for (const auto& [word, value] : choices) {
      if (word != text) continue;
      *into = value;
      return {};
    }
    return make_error("\"" + std::string(text) + "\": one of " + words);
  };
  return add_text(command, name, words, read, help, standard);
}

}  // namespace tapedeck::tools
