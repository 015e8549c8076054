#include "http/head.hpp"

#include "http/chars.hpp"

namespace tapedeck::http {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::optional<std::string_view> Head::find(std::string_view name) const {
  for (const auto& field : fields) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

bool Head::has_token(std::string_view name, std::string_view token) const {
  bool found = false;
  for (const auto& field : fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    for_each_item(field.value, [&](std::string_view item) { found = found || equals_ignoring_case(item, token); });
  }
  return found;
}

}  // namespace tapedeck::http
