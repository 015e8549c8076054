#include "format/foreign/wire_form.hpp"

#include <fmt/format.h>

namespace tapedeck::format {
namespace {

using http::Flag;
using http::Side;

const http::Message& message_of(const http::Exchange& exchange, Side side) {
  return side == Side::request ? exchange.request : exchange.response;
}

Flag flag_of(Side side, Flag of_request, Flag of_response) { return side == Side::request ? of_request : of_response; }

}  // namespace

std::string_view why_not_whole(const http::Exchange& exchange, Side side) {
  if (exchange.version == http::Version::http_2 || exchange.version == http::Version::http_3) return "not_http_1";
  const bool omitted = message_of(exchange, side).body.state == http::BodyState::omitted;
  if (omitted) return name_of(flag_of(side, Flag::request_omitted, Flag::response_omitted));
  for (const auto& [of_request, of_response] : {std::pair(Flag::request_truncated, Flag::response_truncated),
                                                std::pair(Flag::request_gap, Flag::response_gap)}) {
    const Flag flag = flag_of(side, of_request, of_response);
    if (exchange.flags.has(flag)) return name_of(flag);
  }
  return {};
}

std::string wire_form(const http::Exchange& exchange, Side side) {
  const http::Message& message = message_of(exchange, side);
  std::string out;
  if (side == Side::response) {
    for (const std::string& head : exchange.interim) out += head;
  }
  out += message.head;
  const std::string& body = message.body.bytes;
  if (!exchange.flags.has(flag_of(side, Flag::request_chunked, Flag::response_chunked))) return out + body;
  const bool cut = exchange.flags.has(flag_of(side, Flag::request_truncated, Flag::response_truncated)) ||
                   message.body.state == http::BodyState::omitted;
  if (cut) return out + fmt::format("{:x}\r\n", body.size() + 1) + body;
  if (!body.empty()) out += fmt::format("{:x}\r\n", body.size()) + body + "\r\n";
  return out + "0\r\n" + message.trailers + "\r\n";
}

}  // namespace tapedeck::format
