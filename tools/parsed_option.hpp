#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/byte_size.hpp"
#include "base/error.hpp"
#include "base/quantity.hpp"

// Included by the command files only: options whose text one of our parsers reads.
namespace tapedeck::tools {

/// `name` takes one text; `parse` makes the value that `assign` stores. The parser's error is the usage error.
template <class Parse, class Assign>
CLI::Option* add_parsed(CLI::App* command, const std::string& name, const std::string& placeholder, Parse parse,
                        Assign assign, const std::string& help) {
  return command
      ->add_option_function<std::string>(
          name,
          [name, parse, assign](const std::string& text) {
            auto value = parse(std::string_view(text));
            if (!value) throw CLI::ValidationError(name, value.error().message);
            assign(std::move(*value));
          },
          help)
      ->type_name(placeholder);
}

template <class T, class Parse>
CLI::Option* add_parsed(CLI::App* command, const std::string& name, const std::string& placeholder, Parse parse,
                        T* into, const std::string& help) {
  return add_parsed(
      command, name, placeholder, parse, [into](auto&& value) { *into = std::move(value); }, help);
}

inline CLI::Option* add_size(CLI::App* command, const std::string& name, ByteSize* into, const std::string& help) {
  return add_parsed(command, name, "SIZE", parse_byte_size, into, help)->default_str(to_string(*into));
}

inline CLI::Option* add_duration(CLI::App* command, const std::string& name, Duration* into, const std::string& help) {
  return add_parsed(command, name, "DURATION", parse_duration, into, help)->default_str(format_duration(*into));
}

/// One of a few words.
template <class Enum>
CLI::Option* add_choice(CLI::App* command, const std::string& name, std::vector<std::pair<std::string, Enum>> choices,
                        Enum* into, const std::string& help) {
  std::string words;
  for (const auto& [word, value] : choices) words += (words.empty() ? "" : "|") + word;
  auto parse = [name, words, choices](std::string_view text) -> Result<Enum> {
    for (const auto& [word, value] : choices) {
      if (word == text) return value;
    }
    return make_error("\"" + std::string(text) + "\": one of " + words);
  };
  CLI::Option* option = add_parsed(command, name, words, parse, into, help);
  for (const auto& [word, value] : choices) {
    if (value == *into) option->default_str(word);
  }
  return option;
}

}  // namespace tapedeck::tools
