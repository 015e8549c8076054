#pragma once
#include <string>

#include "http/exchange.hpp"

namespace tapedeck::tools {

/// The request as a shell command, every word quoted. The host is the recorded one; hop-by-hop fields and
/// Content-Length are left to curl. A body that is not text comes as base64 through a pipe.
std::string curl_command(const http::Exchange& exchange);

}  // namespace tapedeck::tools
