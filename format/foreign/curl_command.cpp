#include "format/foreign/curl_command.hpp"

#include <algorithm>
#include <array>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "format/foreign/head_lines.hpp"
#include "http/chars.hpp"
#include "http/head.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kLongestWord = 100'000;  // Linux takes no argument of 128 KiB

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](auto known) { return http::equals_ignoring_case(name, known); });
}

bool left_to_curl(std::string_view name) {
  return name.starts_with(':') ||
         is_one_of(name, {"connection", "keep-alive", "proxy-connection", "content-length", "upgrade"});
}

/// Fields that curl would send of its own accord.
std::string not_of_its_own(const std::vector<HeadLine>& lines) {
  std::string out;
  for (const std::string_view name : {"User-Agent", "Accept", "Content-Type", "Expect"}) {
    const bool recorded = std::any_of(lines.begin(), lines.end(),
                                      [&](const auto& l) { return http::equals_ignoring_case(l.name, name); });
    if (!recorded) out += " -H '" + std::string(name) + ":'";
  }
  return out;
}

void add_fields(const std::vector<HeadLine>& lines, CurlRequest& request) {
  for (const auto& [name, value] : lines) {
    if (left_to_curl(name)) continue;
    if (!is_token(name) || !is_field_value(value)) {
      ++request.fields_refused;
      continue;
    }
    if (name.size() + value.size() > kLongestWord) request.problem = "head_limit";
    const std::string field = std::string(name) + (value.empty() ? ";" : ": " + value);  // `Name:` would remove it
    request.options += " -H " + shell_quoted(field);
  }
  request.options += not_of_its_own(lines);
}

/// One that is still on its tape is not.
bool is_empty(const http::Body& body) {
  return body.bytes.empty() && (body.state != http::BodyState::kept || body.wire_length.value_or(0) == 0);
}

std::string_view problem_of(const RequestFacts& facts, const http::Body& body) {
  if (!is_token(facts.method)) return "bad_method";
  if (facts.method == "CONNECT") return "connect_request";
  if (facts.host.empty()) return "host_unknown";
  if (facts.method == "HEAD" && !is_empty(body)) return "head_with_body";
  return facts.target.size() > kLongestWord ? "head_limit" : "";
}

bool is_text(std::string_view body) { return is_utf8(body) && body.find('\0') == body.npos; }

}  // namespace

CurlRequest curl_request(const http::Exchange& exchange) {
  CurlRequest request;
  const RequestFacts facts = request_facts(exchange);
  request.problem = problem_of(facts, exchange.request.body);
  if (!request.problem.empty()) return request;
  const std::string url = url_of(facts);
  const auto path = std::min(url.find_first_of("/?", url.find("://") + 3), url.size());
  request.origin = url.substr(0, path);
  request.target = url.substr(path);
  // -X HEAD would wait for a body.
  request.options = facts.method == "HEAD" ? " --head" : " -X " + shell_quoted(facts.method);
  const std::vector<HeadLine> lines = head_lines(exchange.request.head);
  add_fields(lines, request);
  if (is_empty(exchange.request.body) && facts.method != "HEAD" &&
      http::find_field(exchange.request.head, "content-length"))
    request.options += " --data-binary ''";
  return request;
}

std::string curl_command(const http::Exchange& exchange) {
  const CurlRequest request = curl_request(exchange);
  if (!request.problem.empty()) return "# curl cannot send this request: " + std::string(request.problem);
  const std::string command = "curl -sS -i -g --path-as-is" + request.options;
  const std::string url = shell_quoted(request.origin + request.target);
  const std::string& body = exchange.request.body.bytes;
  if (body.empty()) return command + " " + url;
  if (is_text(body) && body.size() <= kLongestWord && !body.starts_with('@'))
    return command + " --data-binary " + shell_quoted(body) + " " + url;
  return "printf %s " + shell_quoted(base64(body)) + " | base64 -d | " + command + " --data-binary @- " + url;
}

}  // namespace tapedeck::format
