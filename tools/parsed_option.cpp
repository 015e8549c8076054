#include "tools/parsed_option.hpp"

#include <CLI/CLI.hpp>

namespace tapedeck::tools {

CLI::Option* add_text(CLI::App* command, const std::string& name, const std::string& placeholder,
                      std::function<Result<void>(std::string_view)> read, const std::string& help,
                      const std::string& shown_default) {
  const auto take = [name, read = std::move(read)](const std::string& text) {
    if (const auto done = read(text); !done) throw CLI::ValidationError(name, done.error().message);
  };
  CLI::Option* option = command->add_option_function<std::string>(name, take, help)->type_name(placeholder);
  return shown_default.empty() ? option : option->default_str(shown_default);
}

CLI::Option* add_size(CLI::App* command, const std::string& name, ByteSize* into, const std::string& help) {
  return add_parsed(
      command, name, "SIZE", parse_byte_size, [into](ByteSize size) { *into = size; }, help, to_string(*into));
}

CLI::Option* add_duration(CLI::App* command, const std::string& name, Duration* into, const std::string& help) {
  return add_parsed(
      command, name, "DURATION", parse_duration, [into](Duration duration) { *into = duration; }, help,
      format_duration(*into));
}

}  // namespace tapedeck::tools
