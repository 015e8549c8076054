#include "diff/curl.hpp"

#include <algorithm>
#include <array>

#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace tapedeck::diff {
namespace {

constexpr std::size_t kMaxBody = 2048;
constexpr std::size_t kMaxField = 512;
constexpr std::size_t kMaxTarget = 512;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || static_cast<unsigned char>(c) == 0x7F;
  });
}

}  // namespace

std::string shown_target(std::string_view target) {
  const std::string out = percent_encoded(target.substr(0, kMaxTarget));
  return target.size() > kMaxTarget ? out + "..." : out;
}

std::string curl_arguments(const http::Exchange& exchange) {
  const std::string& body = exchange.request.body.bytes;
  const bool whole = exchange.request.body.state != http::BodyState::omitted && body.size() <= kMaxBody;
  if (!whole || !is_utf8(body) || has_control(body)) return {};
  const std::string_view method = http::request_line_of(exchange.request.head).method;
  std::string out;
  if (method == "HEAD")
    out += "--head ";
  else if (method != (body.empty() ? "GET" : "POST"))
    out += "-X " + shell_quoted(method) + " ";
  for (const std::string_view name :
       std::array<std::string_view, 5>{"Host", "Accept", "Accept-Language", "Content-Type", "X-Requested-With"}) {
    const auto value = http::find_field(exchange.request.head, name);
    if (!value || value->size() > kMaxField || !is_utf8(*value) || has_control(*value)) continue;
    out += "-H " + shell_quoted(std::string(name) + ": " + std::string(*value)) + " ";
  }
  if (!body.empty()) out += "--data-raw " + shell_quoted(body) + " ";
  return out;
}

}  // namespace tapedeck::diff
