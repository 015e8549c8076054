#include "format/foreign/har_connections.hpp"

#include <algorithm>

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

}  // namespace

ForeignConnections::Place HarConnections::place(const HarEntry& entry, const HarUrl& url, Time first, Time last) {
  const http::Connection facts =
      connection_of({entry.server_address, url.authority, url.tls, alpn_of(protocol_of(entry))});
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
