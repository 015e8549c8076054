#pragma once
#include <string>
#include <string_view>

#include "http/exchange.hpp"

namespace tapedeck::diff {

/// A request target for people: cut to 512 bytes, control characters as %XX.
std::string shown_target(std::string_view target);

/// What repeats the request with curl, but for the URL: method, the fields that decide about the answer, body. Empty if
/// the body is no text or is larger than 2 KiB. Credentials are left out.
std::string curl_arguments(const http::Exchange& exchange);

}  // namespace tapedeck::diff
