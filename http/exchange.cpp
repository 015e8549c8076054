#include "http/exchange.hpp"

#include <algorithm>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/text.hpp"
#include "base/whole_number.hpp"
#include "http/url.hpp"

namespace tapedeck::http {
namespace {

constexpr std::string_view kBlank = " \t";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

template <int kFamily>
bool parse_ip(std::string_view text, SocketAddress& into) {
  into.size = kFamily == AF_INET ? 4 : 16;
  return inet_pton(kFamily, std::string(text).c_str(), into.bytes.data()) == 1;
}

}  // namespace

std::string_view name_of(Version version) {
  switch (version) {
    case Version::http_0_9: return "0.9";
    case Version::http_1_0: return "1.0";
    case Version::http_1_1: return "1.1";
    case Version::http_2: return "2";
    case Version::http_3: return "3";
  }
  return "unknown";
}

std::string to_string(const SocketAddress& address) {
  if (address.size != 4 && address.size != 16) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.size == 4 ? AF_INET : AF_INET6, address.bytes.data(), text.data(), text.size());
  return address.size == 4 ? fmt::format("{}:{}", text.data(), address.port)
                           : fmt::format("[{}]:{}", text.data(), address.port);
}

std::optional<SocketAddress> parse_socket_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view ip = text.substr(0, colon);
  const auto port = whole_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return std::nullopt;
  SocketAddress address;
  address.port = *port;
  if (ip.starts_with('[') && ip.ends_with(']')) {
    ip = ip.substr(1, ip.size() - 2);
    return parse_ip<AF_INET6>(ip, address) ? std::optional(address) : std::nullopt;
  }
  return parse_ip<AF_INET>(ip, address) ? std::optional(address) : std::nullopt;
}

void remove_response(Exchange& exchange) {
  exchange.response = {};
  exchange.response.first = exchange.response.last = exchange.request.last;
  exchange.status = 0;
  exchange.flags.set(Flag::response_missing);
}

RequestLine request_line_of(std::string_view head) {
  const std::string_view line = trimmed(take_line(head));
  const auto method_end = line.find_first_of(kBlank);
  if (method_end == line.npos) return {line, {}};
  std::string_view target = trimmed(line.substr(method_end));
  // The version is the last word; HTTP/0.9 has none, and a malformed target may hold blanks.
  if (const auto last = target.find_last_of(kBlank); target.starts_with("HTTP/")) {
    target = {};
  } else if (last != target.npos && target.substr(last + 1).starts_with("HTTP/")) {
    target = trimmed(target.substr(0, last));
  }
  return {line.substr(0, method_end), target};
}

bool any_field(std::string_view head, std::string_view name, const std::function<bool(std::string_view)>& holds) {
  take_line(head);
  while (!head.empty()) {
    const std::string_view line = take_line(head);
    if (line.empty()) break;
    if (kBlank.find(line.front()) != kBlank.npos) continue;  // a folded line belongs to the field above
    const auto colon = line.find(':', 1);                    // the name of a pseudo-header begins with one
    if (colon == line.npos || !same_name(trimmed(line.substr(0, colon)), name)) continue;
    if (holds(trimmed(line.substr(colon + 1)))) return true;
  }
  return false;
}

std::optional<std::string_view> find_field(std::string_view head, std::string_view name) {
  std::optional<std::string_view> found;
  any_field(head, name, [&found](std::string_view value) {
    found = value;
    return true;
  });
  return found;
}

std::string_view host_of(std::string_view request_head) {
  const RequestLine line = request_line_of(request_head);
  if (const std::string_view authority = authority_of(line.target); !authority.empty()) {
    return authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0: no user, nothing to cut
  }
  if (line.method == "CONNECT") return line.target;
  return find_field(request_head, "host").value_or(std::string_view{});
}

}  // namespace tapedeck::http
