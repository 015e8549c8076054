#include "tools/first_note.hpp"

#include "base/json_writer.hpp"
#include "tools/version.hpp"

namespace tapedeck::tools {

std::string first_note(std::string_view command, const std::vector<std::pair<std::string, std::string>>& facts) {
  JsonWriter json;
  json.begin_object();
  json.field("tool", "tapedeck");
  json.field("version", version());
  json.field("command", command);
  for (const auto& [name, value] : facts) {
    if (!value.empty()) json.field(name, std::string_view(value));
  }
  json.end_object();
  return json.take();
}

}  // namespace tapedeck::tools
