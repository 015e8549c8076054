#include "tools/curl_command.hpp"

#include <array>

#include "base/json_writer.hpp"
#include "http/head.hpp"

namespace tapedeck::tools {
namespace {

std::string quoted(std::string_view word) {
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

bool left_to_curl(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames{"host", "connection", "content-length", "transfer-encoding",
                                                   "expect"};
  for (const auto known : kNames) {
    if (http::equals_ignoring_case(name, known)) return true;
  }
  return false;
}

std::string header_options(std::string_view head) {
  std::string out;
  head.remove_prefix(std::min(head.size(), head.find('\n') + 1));
  while (!head.empty()) {
    const auto end = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(head.size(), end + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || left_to_curl(line.substr(0, colon))) continue;
    out += " -H " + quoted(line);
  }
  return out;
}

}  // namespace

std::string curl_command(const http::Exchange& exchange) {
  const auto [method, target] = http::request_line_of(exchange.request.head);
  const std::string url = target.starts_with("http")
                              ? std::string(target)
                              : "http://" + std::string(http::host_of(exchange.request.head)) + std::string(target);
  const std::string verb = method == "HEAD" ? "--head" : "-i -X " + quoted(method);  // -X HEAD would wait for a body
  const std::string command = "curl -sS " + verb + header_options(exchange.request.head);
  const std::string& body = exchange.request.body.bytes;
  if (body.empty()) return command + " " + quoted(url);
  if (is_utf8(body) && body.find('\0') == std::string::npos)
    return command + " --data-binary " + quoted(body) + " " + quoted(url);
  return "printf %s " + quoted(base64(body)) + " | base64 -d | " + command + " --data-binary @- " + quoted(url);
}

}  // namespace tapedeck::tools
