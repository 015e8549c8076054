#include "format/foreign/har_fields.hpp"

#include <algorithm>

#include "format/foreign/head_lines.hpp"
#include "http/chars.hpp"
#include "http/head.hpp"

namespace tapedeck::format {
HarFields::HarFields(const std::vector<HarField>& fields, SkipAccount& skips) {
  for (const auto& [name, joined] : fields) {
    if (name.starts_with(':')) continue;
    std::string_view rest = joined;
    for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      add(name, rest.substr(0, end), skips);
      rest.remove_prefix(end + 1);
    }
    add(name, rest, skips);
  }
}

void HarFields::add(std::string_view name, std::string_view value, SkipAccount& skips) {
  if (value.ends_with('\r')) value.remove_suffix(1);
  if (is_token(name) && is_field_value(value)) {
    x_lines.push_back({std::string(name), std::string(value)});
  } else {
    skips.leave_out("field_refused");
  }
}

std::optional<std::string_view> HarFields::find(std::string_view name) const {
  const auto found = std::find_if(x_lines.begin(), x_lines.end(),
                                  [&](const Line& line) { return http::equals_ignoring_case(line.name, name); });
  if (found == x_lines.end()) return std::nullopt;
  return http::trim(found->value);
}

void HarFields::drop(std::string_view name) {
  std::erase_if(x_lines, [&](const Line& line) { return http::equals_ignoring_case(line.name, name); });
}

void HarFields::set(std::string_view name, std::string value) {
  const auto same = [&](const Line& line) { return http::equals_ignoring_case(line.name, name); };
  const auto first = std::find_if(x_lines.begin(), x_lines.end(), same);
  if (first == x_lines.end()) {
    x_lines.push_back({std::string(name), std::move(value)});
    return;
  }
  if (http::trim(first->value) != value) first->value = std::move(value);
  x_lines.erase(std::remove_if(first + 1, x_lines.end(), same), x_lines.end());
}

void HarFields::put_first(std::string_view name, std::string_view value) {
  x_lines.insert(x_lines.begin(), {std::string(name), std::string(value)});
}

std::string HarFields::lines() const {
  std::string out;
  for (const auto& [name, value] : x_lines) ((((out += name) += ": ") += value) += "\r\n");
  return out;
}

}  // namespace tapedeck::format
