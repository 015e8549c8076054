#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.hpp"

namespace tapedeck::format {

/// A recorded request in curl's words, each quoted; the body and the URL are left to the caller. Connection fields and
/// the framing are curl's own; of what curl adds by itself only that is let through which was recorded.
struct CurlRequest {
  std::string options;  // method, fields
  std::string origin;   // `http://shop.example`, not quoted
  std::string target;   // `/a?b=c`, not quoted; what may not stand in a URL as %XX
  /// Why curl cannot send it, else empty: bad_method, connect_request, host_unknown, head_with_body, head_limit.
  std::string_view problem;
  std::size_t fields_refused = 0;  // no names or values that a header can have
};
CurlRequest curl_request(const http::Exchange& exchange);

/// The request as one command that shows the answer; a body that is no text comes as base64 through a pipe. A comment
/// that says why if curl cannot send it.
std::string curl_command(const http::Exchange& exchange);

}  // namespace tapedeck::format
