#pragma once
#include <string>
#include <string_view>

namespace tapedeck::format {

/// What a request line, a Host field and a connection need of a HAR entry's URL.
struct HarUrl {
  std::string_view problem;  // not_http, bad_url; empty: none, and the rest holds
  bool tls = false;
  std::string_view authority;  // without user; empty if the URL is a path alone
  std::string target;          // path and query without fragment; spaces and bytes beyond ASCII as %XX
};

/// The authority is the target of a CONNECT.
HarUrl parse_har_url(std::string_view url, std::string_view method);

}  // namespace tapedeck::format
