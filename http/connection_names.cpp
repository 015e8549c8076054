#include "http/connection_names.hpp"

#include "http/chars.hpp"
#include "http/field_names.hpp"

namespace tapedeck::http {
namespace {

/// Options that name no field.
bool is_plain_option(std::string_view item) {
  return item.empty() || equals_ignoring_case(item, "close") || equals_ignoring_case(item, "keep-alive");
}

}  // namespace

ConnectionNames::ConnectionNames(const Head& head) : x_head(&head) {
  for (const auto& field : head.fields) {
    if (known_field(field.name).field != KnownField::connection) continue;
    for_each_item(field.value, [this](std::string_view item) {
      if (is_plain_option(item) || is_protected(known_field(item).field)) return;
      x_overflow = x_overflow || x_count == x_names.size();
      if (!x_overflow) x_names[x_count++] = item;
    });
  }
}

bool ConnectionNames::contains(std::string_view name) const {
  if (x_overflow) return x_head->has_token("connection", name) && !is_protected(known_field(name).field);
  for (std::size_t i = 0; i < x_count; ++i) {
    if (equals_ignoring_case(x_names[i], name)) return true;
  }
  return false;
}

}  // namespace tapedeck::http
