#include "replay/recorded_host.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "replay/selection.hpp"

namespace tapedeck::replay {
namespace {

std::string normal_name(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  while (host.ends_with('.')) host.remove_suffix(1);
  std::string name(host);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return name;
}

// An IP address in any form that a resolver takes: 127.0.0.1, 127.1, 0x7f000001, ::1, ::ffff:127.0.0.1.
std::optional<http::SocketAddress> parse_ip(const std::string& text, std::uint16_t port) {
  http::SocketAddress address;
  address.port = port;
  in_addr v4{};
  if (inet_aton(text.c_str(), &v4) != 0) {
    address.size = 4;
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&v4), 4, address.bytes.begin());
    return address;
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return std::nullopt;
  address.size = 16;
  std::copy_n(v6.s6_addr, 16, address.bytes.begin());
  return address;
}

// ::ffff:a.b.c.d is a.b.c.d.
http::SocketAddress unmapped(const http::SocketAddress& address) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address.size != 16 || !std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin())) return address;
  http::SocketAddress v4;
  v4.size = 4;
  v4.port = address.port;
  std::copy_n(address.bytes.begin() + 12, 4, v4.bytes.begin());
  return v4;
}

struct HostPort {
  std::string name;
  std::uint16_t port;
};

HostPort split(std::string_view host, std::uint16_t default_port) {
  const auto colon = host.rfind(':');
  const bool bracketed = host.starts_with('[');
  if (colon == host.npos || (bracketed && host.ends_with(']'))) return {normal_name(host), default_port};
  std::uint16_t port = default_port;
  const std::string_view digits = host.substr(colon + 1);
  if (!digits.empty()) std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return {normal_name(host.substr(0, colon)), port};
}

}  // namespace

RecordedHostGuard::RecordedHostGuard(const http::Origin& target, const std::vector<http::SocketAddress>& addresses)
    : x_name(normal_name(target.host)), x_port(target.port) {
  for (const http::SocketAddress& address : addresses) x_addresses.insert(unmapped(address));
}

bool RecordedHostGuard::host_is_target(std::string_view host, bool tls) const {
  if (host.empty()) return false;
  const HostPort recorded = split(host, tls ? 443 : 80);
  if (recorded.port != x_port) return false;
  if (recorded.name == x_name) return true;
  const auto address = parse_ip(recorded.name, recorded.port);
  return address && is_target(unmapped(*address));
}

std::string_view RecordedHostGuard::met_in(const http::Exchange& exchange) {
  if (x_name.empty()) return {};
  const http::Connection& connection = connection_of(exchange);
  if (is_target(unmapped(connection.upstream))) return "upstream";
  if (is_target(unmapped(connection.server))) return "server";
  const std::string_view host = http::host_of(exchange.request.head);
  const bool tls = over_tls(connection);
  if (host != x_last_host || tls != x_last_tls) {
    x_last_host = host;
    x_last_tls = tls;
    x_last_answer = host_is_target(host, tls);
  }
  return x_last_answer ? "Host" : std::string_view{};
}

}  // namespace tapedeck::replay
