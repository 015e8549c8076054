#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

// What the demo's two shops answer, without sockets; demo_services.hpp lists the endpoints.
namespace tapedeck::tools {

enum class ShopVersion : std::uint8_t { old_shop, new_shop };

struct ShopRequest {
  std::string_view method;
  std::string_view target;
  std::string_view accept_encoding;
  std::string_view if_none_match;
  std::string_view body;
};

struct ShopAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  // content coding applied
  bool chunked = false;
  Duration delay{};  // to wait before answering
};

/// `token` is the one thing that does not follow from the request: the `request_token` of /recommendations.
ShopAnswer shop_answer(ShopVersion version, const ShopRequest& request, std::string_view token);

enum class AfterAnswer : std::uint8_t { keep_alive, close };

/// The answer as it goes over the wire. `date` is the value of its Date field.
std::string to_wire(const ShopAnswer& answer, std::string_view date, AfterAnswer after);

}  // namespace tapedeck::tools
