#include "replay/wire.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "http/head.hpp"

namespace tapedeck::replay {
namespace {

using http::equals_ignoring_case;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// A line of a head with its line end, and the folded lines that belong to it.
std::string_view take_field(std::string_view& rest) {
  std::size_t end = 0;
  do {
    const auto newline = rest.find('\n', end);
    end = newline == rest.npos ? rest.size() : newline + 1;
  } while (end < rest.size() && (rest[end] == ' ' || rest[end] == '\t'));
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end);
  return line;
}

std::string_view name_of_field(std::string_view line) {
  const auto colon = line.find(':', 1);
  return colon == line.npos ? std::string_view{} : trimmed(line.substr(0, colon));
}

bool is_empty_line(std::string_view line) { return line == "\r\n" || line == "\n"; }

bool token_in(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (equals_ignoring_case(trimmed(list.substr(0, comma)), token)) return true;
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
  }
  return false;
}

// Fields about the connection that the request came over.
bool is_hop_field(std::string_view head, std::string_view name) {
  for (const std::string_view hop : {"connection", "keep-alive", "proxy-connection", "upgrade", "http2-settings"}) {
    if (equals_ignoring_case(name, hop)) return true;
  }
  const bool framing = equals_ignoring_case(name, "transfer-encoding") ||
                       equals_ignoring_case(name, "content-length") || equals_ignoring_case(name, "host");
  return !framing &&
         http::any_field(head, "connection", [name](std::string_view value) { return token_in(value, name); });
}

std::string host_line(std::string_view name, std::string_view authority) {
  return fmt::format("{}: {}\r\n", name, authority);
}

// What stands behind the last field instead of nothing.
std::string added_fields(const http::Exchange& recorded, const WireOptions& options) {
  if (options.connections == ConnectionMode::per_request) return "Connection: close\r\n";
  if (options.connections == ConnectionMode::pool && recorded.version == http::Version::http_1_0)
    return "Connection: keep-alive\r\n";
  return {};
}

std::string edited_head(const http::Exchange& recorded, const WireOptions& options) {
  const std::string& head = recorded.request.head;
  std::string_view rest = head;
  std::string out(take_field(rest));  // the start line
  bool has_host = false;
  while (!rest.empty()) {
    const std::string_view line = take_field(rest);
    if (is_empty_line(line)) break;
    const std::string_view name = name_of_field(line);
    if (options.host == http::HostHeader::target && equals_ignoring_case(name, "host")) {
      if (!has_host) out += host_line(name, options.authority);
      has_host = true;
    } else if (options.connections == ConnectionMode::recorded || !is_hop_field(head, name)) {
      out += line;
    }
  }
  if (options.host == http::HostHeader::target && !has_host) out += host_line("Host", options.authority);
  out += added_fields(recorded, options);
  out += "\r\n";
  return out;
}

bool is_chunked(std::string_view head) {
  return http::any_field(head, "transfer-encoding", [](std::string_view value) { return token_in(value, "chunked"); });
}

}  // namespace

WireBytes wire_bytes(const http::Exchange& recorded, const WireOptions& options) {
  const http::Message& request = recorded.request;
  WireBytes wire;
  const bool as_recorded = options.connections == ConnectionMode::recorded && options.host == http::HostHeader::keep;
  wire.head = as_recorded ? request.head : edited_head(recorded, options);
  if (is_chunked(request.head)) {
    const bool empty = request.body.bytes.empty();
    if (!empty) wire.before_body = fmt::format("{:x}\r\n", request.body.bytes.size());
    wire.after_body = fmt::format("{}0\r\n{}\r\n", empty ? "" : "\r\n", request.trailers);
  }
  return wire;
}

std::array<ConstBytes, 4> pieces_of(const PlannedRequest& request) {
  return {as_bytes(request.wire.head), as_bytes(request.wire.before_body),
          as_bytes(request.recorded.request.body.bytes), as_bytes(request.wire.after_body)};
}

http::RequestFacts facts_of(const http::Exchange& recorded) {
  const std::string& head = recorded.request.head;
  const http::RequestLine line = http::request_line_of(head);
  http::RequestFacts facts;
  facts.is_head = line.method == "HEAD";
  facts.is_connect = line.method == "CONNECT";
  facts.version = recorded.version;
  facts.asks_upgrade =
      http::find_field(head, "upgrade").has_value() &&
      http::any_field(head, "connection", [](std::string_view value) { return token_in(value, "upgrade"); });
  return facts;
}

}  // namespace tapedeck::replay
