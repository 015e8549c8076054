#include "format/foreign/har_connections.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kMostKnown = 65'536;  // then all are forgotten
constexpr std::size_t kLongestName = 256;

enum class Protocol : std::uint8_t { http_1, http_2, http_3 };

Protocol protocol_of(const HarEntry& entry) {
  std::string_view said = entry.request.version;
  if (said.empty() && entry.response) said = entry.response->version;
  const std::string version = to_lower(said);
  if (version.starts_with("h2") || version.starts_with("http/2")) return Protocol::http_2;
  if (version.starts_with("h3") || version.starts_with("http/3")) return Protocol::http_3;
  return Protocol::http_1;
}

std::string_view alpn_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::http_1: return "http/1.1";
    case Protocol::http_2: return "h2";
    case Protocol::http_3: return "h3";
  }
  return {};
}

std::string_view host_without_port(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

std::uint16_t port_of(std::string_view authority, bool tls) {
  const std::string_view port = authority.substr(host_without_port(authority).size());
  std::uint16_t number = 0;
  const auto [end, problem] = std::from_chars(port.data() + (port.empty() ? 0 : 1), port.data() + port.size(), number);
  if (!port.empty() && problem == std::errc{} && end == port.data() + port.size()) return number;
  return tls ? 443 : 80;
}

http::SocketAddress server_of(std::string_view ip, std::uint16_t port) {
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  const bool v6 = ip.find(':') != ip.npos;
  const std::string text = v6 ? fmt::format("[{}]:{}", ip, port) : fmt::format("{}:{}", ip, port);
  return http::parse_socket_address(text).value_or(http::SocketAddress{});
}

http::Connection facts_of(const HarEntry& entry, const HarUrl& url) {
  http::Connection facts;
  if (entry.server_address.size() <= kLongestName)
    facts.server = server_of(entry.server_address, port_of(url.authority, url.tls));
  if (url.tls) facts.alpn = alpn_of(protocol_of(entry));
  return facts;
}

}  // namespace

ForeignConnections::Place HarConnections::place(const HarEntry& entry, const HarUrl& url, Time first, Time last) {
  const http::Connection facts = facts_of(entry, url);
  if (entry.connection.empty() || entry.connection.size() > kLongestName || url.authority.size() > kLongestName)
    return x_connections.place_alone(facts);
  const std::string name = fmt::format("{} {} {}", url.tls ? "https" : "http", url.authority, entry.connection);
  if (x_busy_until.size() >= kMostKnown) x_busy_until.clear();
  Time& busy_until = x_busy_until.try_emplace(name, first).first->second;
  if (protocol_of(entry) == Protocol::http_1 && first < busy_until) return x_connections.place_alone(facts);
  busy_until = std::max(busy_until, last);
  return x_connections.place_on(name, facts);
}

}  // namespace tapedeck::format
