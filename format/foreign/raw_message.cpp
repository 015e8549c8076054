#include "format/foreign/raw_message.hpp"

#include <algorithm>
#include <utility>

#include "http/chunked.hpp"
#include "http/head_writer.hpp"

namespace tapedeck::format {
namespace {

using http::Flag;
using http::Side;
using http::Step;

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kMaxInterimHeads = 16;
constexpr std::uint64_t kUnknown = UINT64_MAX;  // longer than what is here

struct HeadEnd {
  std::size_t size = 0;  // with the empty line; 0: there is none
  bool bare_lf = false;  // of some line
  bool closed = false;   // by an empty line
};

HeadEnd find_head_end(std::string_view text) {
  HeadEnd end;
  std::size_t line = 0;
  bool any = false;
  while (line < std::min(text.size(), kMaxImportedHead)) {
    const std::size_t lf = text.find('\n', line);
    if (lf == kNone || lf >= kMaxImportedHead) break;
    const bool bare = lf == line || text[lf - 1] != '\r';
    const bool empty = lf == line || (lf == line + 1 && text[line] == '\r');
    end.bare_lf = end.bare_lf || bare;
    end.size = lf + 1;
    if (empty && any) {
      end.closed = true;
      return end;
    }
    any = any || !empty;  // empty lines in front of a message are no end of it
    line = lf + 1;
  }
  return end;
}

/// `HTTP/2 200`, `GET / HTTP/3`: written by tools that have no other way to show it.
bool names_later_version(std::string_view line) {
  const std::size_t at = line.rfind("HTTP/");
  if (at == kNone || at + 5 >= line.size()) return false;
  const char major = line[at + 5];
  if (major != '2' && major != '3') return false;
  return (at == 0 || line[at - 1] == ' ') && (at + 6 == line.size() || line[at + 6] == ' ' || line[at + 6] == '.');
}

std::string with_version_1_1(std::string_view line) {
  const std::size_t at = line.rfind("HTTP/");
  const std::size_t end = std::min(line.find(' ', at), line.size());
  return std::string(line.substr(0, at)) + "HTTP/1.1" + std::string(line.substr(end));
}

/// The same lines, each with CRLF, an empty line at the end.
std::string rebuilt_head(std::string_view head) {
  std::string out;
  out.reserve(head.size() + head.size() / 16 + 4);
  http::HeadWriter writer(out);
  while (!head.empty()) {
    const std::size_t lf = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, lf);
    head.remove_prefix(std::min(lf + 1, head.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    writer.text(out.empty() && names_later_version(line) ? with_version_1_1(line) : std::string(line));
    writer.line_end();
  }
  writer.line_end();
  return out;
}

/// Before its first line is whole.
bool may_begin_chunk(std::string_view text) {
  const std::size_t size = text.find_first_not_of("0123456789abcdefABCDEF");
  if (text.empty() || size == kNone) return true;
  return size > 0 && std::string_view("; \t\r\n").find(text[size]) != kNone;
}

http::ParserLimits import_limits() {
  http::ParserLimits limits = http::observe_limits();
  limits.interim_heads = kMaxInterimHeads;
  return limits;
}

}  // namespace

RawMessageReader::RawMessageReader(Side side, const http::RequestFacts& answers)
    : x_side(side), x_limits(import_limits()), x_parser(side, http::Mode::observe, x_limits, x_table) {
  x_parser.answers(answers);
}

RawMessageReader::Start RawMessageReader::read_heads(std::string_view text, Record record) {
  while (!x_final) {
    const std::string_view rest = text.substr(x_body_begin);
    const HeadEnd end = find_head_end(rest);
    if (!end.closed) {
      const bool ends_with_it = record == Record::whole && end.size > 0 && end.size == rest.size();
      if (!ends_with_it) return rest.size() >= kMaxImportedHead ? Start::not_http : Start::incomplete;
    }
    const std::string_view raw = rest.substr(0, end.size);
    const std::string_view first_line = raw.substr(0, raw.find_first_of("\r\n"));
    const bool rebuild = end.bare_lf || !end.closed || names_later_version(first_line);
    if (!take_head(rebuild ? rebuilt_head(raw) : raw)) return Start::not_http;
    if (rebuild) x_out.flags.set(Flag::head_rebuilt);
    x_body_begin += end.size;
  }
  return Start::head;
}

/// False: the parser does not take it.
bool RawMessageReader::take_head(std::string_view raw) {
  std::string_view left = raw;
  http::Event event;
  do {
    event = x_parser.next(as_bytes(left));
    left.remove_prefix(event.consumed);
  } while (event.step == Step::need_more && event.consumed > 0 && !left.empty());
  if (event.step != Step::head) return false;
  const http::Head& head = x_parser.head();
  x_out.rules = x_out.rules | x_parser.fired();
  if (x_side == Side::response && head.status < 200 && head.status != 101) {
    x_out.interim.emplace_back(as_text(event.bytes));
    return x_parser.next({}).step == Step::end;
  }
  x_final = true;
  x_out.message.head = as_text(event.bytes);
  x_out.version = head.version;
  x_out.status = head.status;
  if (x_side == Side::request) {
    x_out.facts = http::facts_of(head);
    if (head.has_token("expect", "100-continue")) x_out.flags.set(Flag::expect_continue);
  }
  if (x_parser.framing() == http::Framing::none) x_tunnel = x_parser.next({}).step == Step::tunnel;
  return true;
}

/// `body` is what the record has of it, `whole` how long it should be.
void RawMessageReader::keep(std::string_view body, std::uint64_t whole) {
  if (whole == 0) return;
  http::Body& kept = x_out.message.body;
  kept.state = http::BodyState::kept;
  kept.bytes = body.substr(0, kMaxImportedBody);
  if (kept.bytes.size() == whole) return;
  x_out.flags.set(truncated_flag(x_side));
  if (kept.bytes.size() < body.size()) kept.wire_length = body.size();
}

RawMessage RawMessageReader::finish(std::string_view rest) {
  switch (x_parser.framing()) {
    case http::Framing::none:
      if (x_tunnel) x_out.flags.set(Flag::upgraded);
      if (!x_tunnel) x_out.excess = rest.size();
      break;
    case http::Framing::length: {
      const std::uint64_t length = x_parser.content_length();
      const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(length, rest.size()));
      keep(rest.substr(0, here), length);
      x_out.excess = rest.size() - here;
      x_out.wanting = length - here;
      break;
    }
    case http::Framing::until_close:
      keep(rest, rest.size());
      x_out.flags.set(Flag::read_to_close);
      x_out.wanting = kUnknown;
      break;
    case http::Framing::chunked: finish_chunked(rest); break;
  }
  return std::move(x_out);
}

/// Chunks that cannot be read stay as they are: some tools store the de-chunked body under the head as it was.
void RawMessageReader::finish_chunked(std::string_view rest) {
  std::string body;
  std::string_view left = rest;
  for (;;) {
    const http::Event event = x_parser.next(as_bytes(left));
    left.remove_prefix(event.consumed);
    if (event.step == Step::body) append(body, event.bytes);
    if (event.step == Step::trailers) x_out.message.trailers = as_text(event.bytes);
    if (event.step == Step::body || event.step == Step::trailers) continue;
    x_out.rules = x_out.rules | x_parser.fired();
    const bool complete = event.step == Step::end;
    if (!complete) x_out.wanting = kUnknown;
    if (event.step == Step::desync || (body.empty() && !may_begin_chunk(rest))) {
      x_out.flags.set(Flag::malformed);
      return keep(rest, rest.size());
    }
    x_out.flags.set(chunked_flag(x_side));
    x_out.excess = complete ? left.size() : 0;
    return keep(body, complete ? body.size() : kUnknown);
  }
}

std::uint64_t RawMessageReader::count_unseen(RawMessage& message, std::uint64_t unseen) const {
  if (x_tunnel) return 0;
  const std::uint64_t of_body = std::min(message.wanting, unseen);
  if (of_body > 0) {
    http::Body& body = message.message.body;
    body.state = http::BodyState::kept;
    body.wire_length = body.wire_length.value_or(body.bytes.size()) + of_body;
    message.flags.set(truncated_flag(x_side));
  }
  return unseen - of_body;
}

std::optional<std::size_t> chunked_end(std::string_view text) {
  http::Judge judge{Side::request, http::Mode::observe, {}};
  std::size_t at = 0;
  const auto take_line = [&]() -> std::optional<std::string_view> {
    const std::size_t lf = text.find('\n', at);
    if (lf == kNone) return std::nullopt;
    const std::string_view line = text.substr(at, lf - at);
    at = lf + 1;
    return line;
  };
  const auto is_empty = [](std::string_view line) { return line.empty() || line == "\r"; };
  for (;;) {
    const auto line = take_line();
    http::ChunkLine chunk;
    if (!line || !http::parse_chunk_line(*line, judge, chunk)) return std::nullopt;
    if (chunk.size == 0) break;
    if (chunk.size > text.size() - at) return std::nullopt;
    at += static_cast<std::size_t>(chunk.size);
    const auto end = take_line();
    if (!end || !is_empty(*end)) return std::nullopt;
  }
  for (;;) {
    const auto trailer = take_line();
    if (!trailer) return std::nullopt;
    if (is_empty(*trailer)) return at;
  }
}

http::Reason truncation_reason(const http::Exchange& exchange) {
  if (!exchange.flags.has(Flag::request_truncated) && !exchange.flags.has(Flag::response_truncated)) {
    return http::Reason::none;
  }
  const auto limited = [](const http::Body& body) {
    return body.state == http::BodyState::kept && body.wire_length.has_value();
  };
  return limited(exchange.request.body) || limited(exchange.response.body) ? http::Reason::body_limit
                                                                           : http::Reason::cut_off;
}

http::Exchange exchange_of(RawMessage* request, RawMessage* response) {
  http::Exchange exchange;
  exchange.flags.set(Flag::imported);
  http::RuleSet rules;
  for (RawMessage* side : {request, response}) {
    if (side == nullptr) continue;
    exchange.flags = exchange.flags | side->flags;
    rules = rules | side->rules;
  }
  if (!rules.empty()) exchange.flags.set(Flag::malformed);
  exchange.rules = rules.names();
  exchange.version = request != nullptr ? request->version : response->version;
  if (request != nullptr) {
    exchange.request = std::move(request->message);
  } else {
    exchange.flags.set(Flag::request_missing);
  }
  if (response != nullptr) {
    exchange.response = std::move(response->message);
    exchange.interim = std::move(response->interim);
    exchange.status = response->status;
  } else {
    exchange.flags.set(Flag::response_missing);
  }
  return exchange;
}

}  // namespace tapedeck::format
