#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/parser.hpp"

namespace tapedeck::test {

/// Feeds bytes to a parser the way a connection does (a buffer, what is consumed leaves its front) and writes down the
/// events, neighbouring body events merged: one line each, `head <raw>`, `body <bytes>`, `end` ...
class ParseScript {
 public:
  ParseScript(http::Side side, http::Mode mode, const http::ParserLimits& limits = http::observe_limits())
      : x_limits(limits), x_parser(side, mode, x_limits, x_table), x_side(side) {}
  ParseScript(const ParseScript&) = delete;
  ParseScript& operator=(const ParseScript&) = delete;

  http::MessageParser& parser() { return x_parser; }
  void answers(const http::RequestFacts& facts) { x_facts = facts; }

  /// False once the parser has said its last word.
  bool feed(std::string_view bytes) {
    x_buffer += bytes;
    while (!x_over) {
      // A buffer of its own for each call: a view into an older one is a fault that a sanitizer sees.
      const std::string copy = x_buffer;
      if (x_side == http::Side::response) x_parser.answers(x_facts);
      const auto event = x_parser.next(as_bytes(copy));
      note(event);
      if (event.step == http::Step::head) x_heads.push_back(describe(x_parser));
      x_buffer.erase(0, event.consumed);
      if (event.step == http::Step::need_more) break;
    }
    return !x_over;
  }
  void end_of_input(http::Ending how) {
    if (!x_over) note(x_parser.end_of_input(how));
  }
  void gap(std::uint64_t bytes) {
    if (!x_over) note(x_parser.gap(bytes));
  }

  const std::vector<std::string>& events() const { return x_events; }
  /// For each head: framing, length, persistence, fields.
  const std::vector<std::string>& heads() const { return x_heads; }
  std::string_view rest() const { return x_buffer; }

  /// Everything that a split must not change.
  std::string text() const {
    std::string all;
    for (const auto& event : x_events) all += event + "\n";
    for (const auto& head : x_heads) all += head + "\n";
    all += "fired: " + x_parser.fired().names() + "; why: " + std::string(name_of(x_parser.why())) + " " +
           std::to_string(x_parser.status());
    return all;
  }

 private:
  void note(const http::Event& event) {
    static constexpr std::string_view names[] = {"need_more", "head",   "body",   "trailers",
                                                 "end",       "tunnel", "desync", "rejected"};
    const auto step = event.step;
    x_over = step == http::Step::tunnel || step == http::Step::desync || step == http::Step::rejected;
    if (step == http::Step::need_more) return;
    const bool merge = step == http::Step::body && !x_events.empty() && x_last == http::Step::body;
    if (!merge) x_events.emplace_back(names[static_cast<std::size_t>(step)]);
    if (!merge && !event.bytes.empty()) x_events.back() += ' ';
    x_events.back() += as_text(event.bytes);
    x_last = step;
  }
  static std::string describe(const http::MessageParser& parser) {
    static constexpr std::string_view framings[] = {"none", "length", "chunked", "until_close"};
    const auto& head = parser.head();
    std::string text = std::string(head.method) + "|" + std::string(head.target) + "|" + std::to_string(head.status) +
                       "|" + std::string(head.reason) + "|" + (head.version == http::Version::http_1_0 ? "1.0" : "1.1");
    text += "|" + std::string(framings[static_cast<std::size_t>(parser.framing())]);
    if (parser.framing() == http::Framing::length) text += " " + std::to_string(parser.content_length());
    text += parser.keeps_alive() ? "|stays" : "|closes";
    for (const auto& field : head.fields) text += "|" + std::string(field.name) + "=" + std::string(field.value);
    return text;
  }

  http::ParserLimits x_limits;
  http::FieldTable x_table;
  http::MessageParser x_parser;
  http::Side x_side;
  http::RequestFacts x_facts;
  std::string x_buffer;
  bool x_over = false;
  http::Step x_last = http::Step::need_more;
  std::vector<std::string> x_events;
  std::vector<std::string> x_heads;
};

inline http::ParserLimits limits_for(http::Side side, http::Mode mode) {
  if (mode == http::Mode::observe) return http::observe_limits();
  return side == http::Side::request ? http::strict_request_limits() : http::strict_response_limits();
}

}  // namespace tapedeck::test
