#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.hpp"

namespace tapedeck::diff {

/// Under what names a side of a comparison is reached: links to itself are equal to the other side's links to itself.
struct OwnHost {
  std::string scheme;                    // http or https
  std::vector<std::string> authorities;  // lower case, without the scheme's own port
  bool owns(std::string_view authority) const;
  void add(std::string_view authority);
};
/// From the request's Host (or absolute target), the connection's server and upstream addresses and SNI.
OwnHost own_host_of(const http::Exchange& exchange);

struct UrlParts {
  std::string scheme;     // lower case
  std::string authority;  // lower case, without the scheme's own port
  std::string path;       // at least `/`
  std::string query;      // without `?`
  std::string fragment;   // without `#`
  bool operator==(const UrlParts&) const = default;
};
/// An absolute URL (`scheme://...`); nothing otherwise.
std::optional<UrlParts> split_url(std::string_view url);
/// A reference (RFC 3986, section 5) against what the side was asked.
UrlParts resolve_reference(std::string_view reference, const OwnHost& own, std::string_view request_target);

/// Replaces scheme and authority by empty ones if they are the side's own.
UrlParts without_own_host(UrlParts url, const OwnHost& own);

}  // namespace tapedeck::diff
