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

WireFrame wire_frame(const http::Exchange& exchange, Side side, std::uint64_t body_bytes) {
  const http::Message& message = message_of(exchange, side);
  WireFrame frame;
  if (side == Side::response) {
    for (const std::string& head : exchange.interim) frame.before += head;
  }
  frame.before += message.head;
  if (!exchange.flags.has(chunked_flag(side))) return frame;
  const bool cut = exchange.flags.has(truncated_flag(side)) || message.body.state == http::BodyState::omitted;
  if (cut) {
    frame.before += fmt::format("{:x}\r\n", body_bytes + 1);
    return frame;
  }
  if (body_bytes > 0) {
    frame.before += fmt::format("{:x}\r\n", body_bytes);
    frame.behind = "\r\n";
  }
  frame.behind += "0\r\n";
  frame.behind += message.trailers;
  frame.behind += "\r\n";
  return frame;
}

std::string wire_form(const http::Exchange& exchange, Side side) {
  const std::string& body = message_of(exchange, side).body.bytes;
  WireFrame frame = wire_frame(exchange, side, body.size());
  return std::move(frame.before) + body + frame.behind;
}

}  // namespace tapedeck::format
