#include "format/foreign/head_lines.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "http/authority.hpp"
#include "http/chars.hpp"

namespace tapedeck::format {
namespace {

bool is_http2(std::string_view head) { return head.starts_with(':'); }

std::string server_address(const http::Exchange& exchange) {
  return exchange.connection ? http::to_string(exchange.connection->server) : std::string();
}

void take_pseudo_headers(std::string_view head, RequestFacts& facts) {
  for (auto& [name, value] : head_lines(head)) {
    if (name == ":method") facts.method = std::move(value);
    if (name == ":path") facts.target = std::move(value);
    if (name == ":authority") facts.host = std::move(value);
    if (name == ":scheme") facts.scheme = std::move(value);
  }
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return http::is(c, http::kTokenChar); });
}

bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c != '\t' && http::is(c, http::kControlChar); });
}

std::vector<HeadLine> head_lines(std::string_view head) {
  std::vector<HeadLine> lines;
  if (!is_http2(head)) take_line(head);
  while (!head.empty()) {
    const std::string_view line = take_line(head);
    if (line.empty()) break;
    if (http::is(line.front(), http::kSpaceChar)) {
      if (!lines.empty()) (lines.back().value += ' ') += http::trim(line);
      continue;
    }
    const auto colon = line.find(':', 1);  // the name of a pseudo-header begins with one
    if (colon == line.npos) continue;
    lines.push_back({http::trim(line.substr(0, colon)), std::string(http::trim(line.substr(colon + 1)))});
  }
  return lines;
}

RequestFacts request_facts(const http::Exchange& exchange) {
  const std::string_view head = exchange.request.head;
  RequestFacts facts;
  facts.scheme = exchange.connection && over_tls(*exchange.connection) ? "https" : "http";
  if (is_http2(head)) {
    take_pseudo_headers(head, facts);
  } else {
    const http::RequestLine line = http::request_line_of(head);
    facts.method = line.method;
    facts.target = line.target;
    facts.host = http::host_of(head);
  }
  if (facts.host.empty()) facts.host = server_address(exchange);
  return facts;
}

std::string url_of(const RequestFacts& facts) {
  if (facts.method == "CONNECT") return percent_encoded(facts.scheme + "://" + facts.target, "#");
  if (http::split_absolute(facts.target)) return percent_encoded(facts.target, "#");
  return percent_encoded(facts.scheme + "://" + facts.host + (facts.target.starts_with('/') ? "" : "/") + facts.target,
                         "#");
}

}  // namespace tapedeck::format
