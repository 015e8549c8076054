#include "http/url.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/whole_number.hpp"

namespace tapedeck::http {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kLoopback = "127.0.0.1";
constexpr std::string_view kOriginExample =
    "write it like http://10.0.0.7:8080, https://api.example.com, 8080 or unix:/run/app.sock";
constexpr std::string_view kListenExample =
    "write it like 0.0.0.0:8080, [::]:8080, 8080 (loopback) or unix:/run/tapedeck.sock";

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

struct HostPort {
  std::string_view host;
  std::optional<std::string_view> port;
};

/// `host`, `host:port`, `[v6]`, `[v6]:port`; nothing if the host is none.
std::optional<HostPort> split_authority(std::string_view text) {
  HostPort parts;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return std::nullopt;
    parts.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    const bool v6 = parts.host.find_first_not_of("0123456789abcdefABCDEF:.") == text.npos;
    if (!v6 || parts.host.find(':') == text.npos) return std::nullopt;
  } else {
    parts.host = text.substr(0, text.find(':'));
    rest = text.substr(parts.host.size());
    if (parts.host.empty() || !std::ranges::all_of(parts.host, is_host_character)) return std::nullopt;
  }
  if (rest.empty()) return parts;
  if (rest.front() != ':') return std::nullopt;
  parts.port = rest.substr(1);
  return parts;
}

std::string bracketed(std::string_view host) {
  return host.find(':') == host.npos ? std::string(host) : fmt::format("[{}]", host);
}

Error not_an_origin(std::string_view text, std::string_view problem) {
  return make_error(fmt::format("{:?} is no URL to connect to: {}; {}", text, problem, kOriginExample));
}

Result<Origin> parse_url(std::string_view text, std::string_view scheme, std::string_view rest) {
  Origin origin;
  origin.scheme = scheme;
  origin.port = default_port(scheme);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find('@') != rest.npos) return not_an_origin(text, "a user name has no place in it");
  if (rest.find_first_of("/?#") != rest.npos) return not_an_origin(text, "a path or query has no place in it");
  const auto parts = split_authority(rest);
  if (!parts) return not_an_origin(text, "the host is missing or malformed");
  origin.host = parts->host;
  if (!parts->port) return origin;
  const auto port = whole_number<std::uint16_t>(*parts->port);
  if (!port || *port == 0) return not_an_origin(text, "the port is not a number from 1 to 65535");
  origin.port = *port;
  return origin;
}

}  // namespace

std::string Origin::authority() const {
  if (!unix_path.empty()) return "localhost";
  if (port == default_port(scheme)) return bracketed(host);
  return fmt::format("{}:{}", bracketed(host), port);
}

std::string Origin::text() const {
  return unix_path.empty() ? fmt::format("{}://{}", scheme, authority()) : fmt::format("{}{}", kUnix, unix_path);
}

Result<Origin> parse_origin(std::string_view text) {
  Origin origin;
  if (text.starts_with(kUnix)) {
    origin.unix_path = text.substr(kUnix.size());
    if (!origin.unix_path.starts_with('/')) return not_an_origin(text, "a socket's path begins with /");
    return origin;
  }
  if (const auto port = whole_number<std::uint16_t>(text)) {
    if (*port == 0) return not_an_origin(text, "the port is not a number from 1 to 65535");
    origin.host = kLoopback;
    origin.port = *port;
    return origin;
  }
  for (const std::string_view scheme : {"http", "https"}) {
    const std::string start = fmt::format("{}://", scheme);
    if (text.starts_with(start)) return parse_url(text, scheme, text.substr(start.size()));
  }
  return not_an_origin(text, "it begins neither with http:// nor with https://");
}

std::string ListenAddress::text() const {
  return unix_path.empty() ? fmt::format("{}:{}", bracketed(host), port) : fmt::format("{}{}", kUnix, unix_path);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto refuse = [text](std::string_view problem) {
    return make_error(fmt::format("{:?} is no address to listen on: {}; {}", text, problem, kListenExample));
  };
  ListenAddress address;
  if (text.starts_with(kUnix)) {
    address.unix_path = text.substr(kUnix.size());
    if (!address.unix_path.starts_with('/')) return refuse("a socket's path begins with /");
    return address;
  }
  if (const auto port = whole_number<std::uint16_t>(text)) {
    address.host = kLoopback;
    address.port = *port;
    return address;
  }
  const auto parts = split_authority(text);
  if (!parts) return refuse("the address is missing or malformed");
  if (!parts->port) return refuse("the port is missing");
  const auto port = whole_number<std::uint16_t>(*parts->port);
  if (!port) return refuse("the port is not a number from 0 to 65535");
  address.host = parts->host;
  address.port = *port;
  return address;
}

std::string_view authority_of(std::string_view target) {
  const auto scheme_end = target.find("://");
  // A path or query may hold "://" too: a scheme comes before any of these.
  if (scheme_end == target.npos || target.find_first_of("/?#") < scheme_end) return {};
  const std::string_view rest = target.substr(scheme_end + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

TargetParts split_target(std::string_view target) {
  if (const std::string_view authority = authority_of(target); !authority.empty()) {
    target.remove_prefix(static_cast<std::size_t>(authority.data() + authority.size() - target.data()));
  }
  const auto question = target.find('?');
  TargetParts parts{target.substr(0, question), {}};
  if (parts.path.empty()) parts.path = "/";
  if (question != target.npos) parts.query = target.substr(question + 1);
  return parts;
}

}  // namespace tapedeck::http
