#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::http {

/// Path template by the shape of its segments alone: `/orders/123/items` -> `/orders/{id}/items`; also {uuid}, {hex},
/// {date}, {email}, {token}. The query is no part of it.
std::string template_of(std::string_view target);

/// Method and template: what clusters, statistics and reports group by.
struct Endpoint {
  std::string method;
  std::string path_template;
  auto operator<=>(const Endpoint&) const = default;
};
/// `GET /orders/{id}`
std::string to_string(const Endpoint& endpoint);
Endpoint endpoint_of(std::string_view method, std::string_view target);

}  // namespace tapedeck::http
