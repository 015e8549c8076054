#include "proxy/own_answer.hpp"

#include <iterator>

#include <fmt/format.h>

namespace tapedeck::proxy {
namespace {

std::string_view reason_of(std::uint16_t status) {
  switch (status) {
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 414: return "URI Too Long";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 508: return "Loop Detected";
    default: return "Error";
  }
}

}  // namespace

void append_own_answer(const OwnAnswer& answer, const OwnAnswerTo& to, std::string& out) {
  const bool has_body = answer.status != 204;
  const std::string text = fmt::format("{} {}\n", answer.status, reason_of(answer.status));
  auto at = fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", answer.status,
                           reason_of(answer.status), to.date);
  if (has_body) fmt::format_to(at, "Content-Type: text/plain\r\nContent-Length: {}\r\n", text.size());
  if (!answer.error.empty()) fmt::format_to(at, "Proxy-Status: tapedeck; error={}\r\n", answer.error);
  if (answer.status == 405) out += "Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS\r\n";
  if (!to.client_stays) out += "Connection: close\r\n";
  out += "\r\n";
  if (has_body && !to.is_head) out += text;
}

}  // namespace tapedeck::proxy
