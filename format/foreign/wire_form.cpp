#include "format/foreign/wire_form.hpp"

#include <fmt/format.h>

namespace tapedeck::format {

using http::Flag;
using http::Side;

std::string_view why_not_whole(const http::Exchange& exchange, Side side) {
  if (exchange.version == http::Version::http_2 || exchange.version == http::Version::http_3) return "not_http_1";
  return why_body_not_whole(exchange, side);
}

std::string_view why_body_not_whole(const http::Exchange& exchange, Side side) {
  const bool omitted = message_of(exchange, side).body.state == http::BodyState::omitted;
  if (omitted) return name_of(omitted_flag(side));
  for (const Flag flag : {truncated_flag(side), gap_flag(side)}) {
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
  if (!exchange.flags.has(chunked_flag(side))) return out + body;
  const bool cut = exchange.flags.has(truncated_flag(side)) || message.body.state == http::BodyState::omitted;
  if (cut) return out + fmt::format("{:x}\r\n", body.size() + 1) + body;
  if (!body.empty()) out += fmt::format("{:x}\r\n", body.size()) + body + "\r\n";
  return out + "0\r\n" + message.trailers + "\r\n";
}

}  // namespace tapedeck::format
