#include "diff/own_host.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tapedeck::diff {
namespace {

std::string normal_authority(std::string_view authority) {
  for (const std::string_view port : {":80", ":443"}) {
    if (authority.ends_with(port)) authority.remove_suffix(port.size());
  }
  return to_lower(authority);
}

/// `/a/./b/../c` -> `/a/c` (RFC 3986, 5.2.4).
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool directory = false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    directory = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!directory) kept.push_back(segment);
    path.remove_prefix(end);
  }
  std::string out;
  for (const std::string_view segment : kept) (out += '/') += segment;
  if (directory || out.empty()) out += '/';
  return out;
}

/// Cuts `text` at the first `mark` and gives what stands behind it.
std::string cut_behind(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  std::string behind(text.substr(at + 1));
  text = text.substr(0, at);
  return behind;
}

}  // namespace

bool OwnHost::owns(std::string_view authority) const {
  return std::find(authorities.begin(), authorities.end(), normal_authority(authority)) != authorities.end();
}

void OwnHost::add(std::string_view authority) {
  if (!authority.empty() && !owns(authority)) authorities.push_back(normal_authority(authority));
}

OwnHost own_host_of(const http::Exchange& exchange) {
  OwnHost own;
  own.scheme = "http";
  own.add(http::host_of(exchange.request.head));
  if (!exchange.connection) return own;
  const http::Connection& connection = *exchange.connection;
  if (over_tls(connection)) own.scheme = "https";
  own.add(http::to_string(connection.server));
  own.add(http::to_string(connection.upstream));
  own.add(connection.sni);
  return own;
}

std::optional<UrlParts> split_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  UrlParts parts;
  parts.scheme = to_lower(url.substr(0, colon));
  url.remove_prefix(colon + 3);
  parts.fragment = cut_behind(url, '#');
  parts.query = cut_behind(url, '?');
  const std::size_t slash = std::min(url.find('/'), url.size());
  parts.authority = normal_authority(url.substr(0, slash));
  parts.path = slash == url.size() ? "/" : std::string(url.substr(slash));
  return parts;
}

UrlParts resolve_reference(std::string_view reference, const OwnHost& own, std::string_view request_target) {
  if (auto absolute = split_url(reference)) return *std::move(absolute);
  const std::string authority = own.authorities.empty() ? std::string() : own.authorities.front();
  if (reference.starts_with("//")) {
    if (auto parts = split_url(own.scheme + ":" + std::string(reference))) return *std::move(parts);
  }
  UrlParts parts{own.scheme, authority, {}, {}, {}};
  if (const auto target = split_url(request_target))
    parts.path = target->path;
  else
    parts.path = std::string(request_target.substr(0, request_target.find('?')));
  const std::string base_query =
      std::string(request_target.substr(std::min(request_target.find('?'), request_target.size())));
  parts.fragment = cut_behind(reference, '#');
  const bool has_query = reference.find('?') != std::string_view::npos;
  parts.query = cut_behind(reference, '?');
  if (reference.empty()) {
    if (!has_query && !base_query.empty()) parts.query = base_query.substr(1);
    return parts;
  }
  if (reference.front() == '/')
    parts.path = reference;
  else
    parts.path = parts.path.substr(0, parts.path.rfind('/') + 1) + std::string(reference);
  if (parts.path.empty() || parts.path.front() != '/') parts.path.insert(0, 1, '/');
  parts.path = remove_dot_segments(parts.path);
  return parts;
}

UrlParts without_own_host(UrlParts url, const OwnHost& own) {
  if (own.owns(url.authority)) {
    url.authority.clear();
    if (url.scheme == own.scheme) url.scheme.clear();
  }
  return url;
}

}  // namespace tapedeck::diff
