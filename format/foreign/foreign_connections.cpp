#include "format/foreign/foreign_connections.hpp"

#include <fmt/format.h>

#include "base/whole_number.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kLongestAddress = 64;

std::string_view host_without_port(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

/// `h:` and `h` mean the scheme's own.
std::uint16_t port_of(std::string_view authority, bool tls) {
  std::string_view digits = authority.substr(host_without_port(authority).size());
  if (digits.starts_with(':')) digits.remove_prefix(1);
  const std::uint16_t usual = tls ? 443 : 80;
  return whole_number<std::uint16_t>(digits).value_or(usual);
}

http::SocketAddress address_of(std::string_view ip, std::uint16_t port) {
  if (ip.size() > kLongestAddress) return {};
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  const bool v6 = ip.find(':') != ip.npos;
  const std::string text = v6 ? fmt::format("[{}]:{}", ip, port) : fmt::format("{}:{}", ip, port);
  return http::parse_socket_address(text).value_or(http::SocketAddress{});
}

}  // namespace

http::Connection connection_of(const ConnectionFacts& facts) {
  http::Connection connection;
  connection.server = address_of(facts.server, port_of(facts.authority, facts.tls));
  if (facts.tls) connection.alpn = facts.protocol;
  return connection;
}

ForeignConnections::Place ForeignConnections::place_on(const std::string& name, const http::Connection& facts) {
  auto found = x_places.find(name);
  if (found == x_places.end()) {
    if (x_places.size() == kMaxConnections) x_places.clear();
    found = x_places.emplace(name, place_alone(facts)).first;
    return found->second;
  }
  ++found->second.sequence;
  return found->second;
}

ForeignConnections::Place ForeignConnections::place_alone(http::Connection facts) {
  facts.number = x_numbers->next();
  return {std::make_shared<const http::Connection>(std::move(facts)), 0};
}

}  // namespace tapedeck::format
