#include "http/parser.hpp"

#include <algorithm>
#include <limits>

#include "http/chunked.hpp"
#include "http/field_parser.hpp"
#include "http/framing.hpp"

namespace tapedeck::http {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::uint8_t kMaxEmptyLines = 2;

/// A line is empty if nothing but its line end stands between `begin` and `line_end`, its LF.
bool is_empty_line(std::string_view text, std::size_t begin, std::size_t line_end) {
  return begin == line_end || (begin + 1 == line_end && text[begin] == '\r');
}

}  // namespace

MessageParser::MessageParser(Side side, Mode mode, const ParserLimits& limits, FieldTable& table)
    : x_limits(&limits), x_table(&table), x_judge{side, mode, {}} {}

void MessageParser::answers(const RequestFacts& request) { x_answers = request; }

bool MessageParser::between_messages() const { return x_state == State::start && x_pending == 0; }

void MessageParser::reset() {
  x_state = State::start;
  x_fresh = true;
  x_empty_lines = 0;
  x_interim_heads = 0;
  x_pending = x_scan = x_line = x_lines = 0;
}

/// What the last message left is kept until here, so that it can be asked for after its `end`.
void MessageParser::begin_message() {
  x_judge = Judge{x_judge.side, x_judge.mode, {}};
  x_head = Head{};
  x_head.side = x_judge.side;
  x_start = StartLine{};
  x_framing = Framing::none;
  x_keeps_alive = true;
  x_fresh = false;
  x_content_length = x_body_bytes = x_remaining = x_extension_bytes = 0;
}

Event MessageParser::fail(std::size_t consumed) {
  x_state = State::failed;
  return {x_judge.mode == Mode::strict ? Step::rejected : Step::desync, consumed, {}};
}

/// `rest` is what stays in the buffer, an unfinished element.
Event MessageParser::need_more(std::size_t consumed, std::string_view rest) {
  x_pending = rest.size();
  return {Step::need_more, consumed, {}};
}

Event MessageParser::next(ConstBytes unconsumed) {
  const auto text = as_text(unconsumed);
  std::size_t at = 0;
  for (;;) {
    std::optional<Event> event;
    switch (x_state) {
      case State::start: return next_head(text);
      case State::close_body: return close_body(text);
      case State::length_body:
      case State::chunk_body: event = measured_body(text, at); break;
      case State::chunk_line: event = chunk_line(text, at); break;
      case State::chunk_end: event = chunk_end(text, at); break;
      case State::trailers: return trailers(text, at);
      case State::done: return end(at);
      case State::tunnel: return {Step::tunnel, at, {}};
      case State::failed: return fail(at);
    }
    if (event) return *event;
  }
}

Event MessageParser::end(std::size_t consumed) {
  x_state = State::start;
  x_fresh = true;
  x_empty_lines = 0;
  x_pending = x_scan = x_line = x_lines = 0;
  return {Step::end, consumed, {}};
}

/// Empty lines in front of a start line. False: refused.
bool MessageParser::skip_empty_lines(std::string_view text, std::size_t& skipped) {
  while (skipped < text.size() && (text[skipped] == '\r' || text[skipped] == '\n')) {
    const bool strict = x_judge.mode == Mode::strict;
    if (strict && x_judge.side == Side::response) return !x_judge.gives_up(Rule::leading_crlf);
    const bool cr = text[skipped] == '\r';
    if (cr && skipped + 1 == text.size()) return true;  // its LF may come
    if (cr && text[skipped + 1] != '\n') return !x_judge.gives_up(Rule::bare_cr);
    if (!cr && x_judge.refuses(Rule::bare_lf)) return false;
    x_judge.note(Rule::leading_crlf);
    if (x_empty_lines == kMaxEmptyLines) {
      if (x_judge.refuses(Rule::leading_crlf)) return false;
    } else {
      ++x_empty_lines;
    }
    skipped += cr ? 2 : 1;
  }
  return true;
}

Event MessageParser::next_head(std::string_view text) {
  if (text.empty()) return need_more(0, text);
  if (x_fresh) begin_message();
  std::size_t skipped = 0;
  if (x_scan == 0) {
    if (!skip_empty_lines(text, skipped)) return fail();
    text.remove_prefix(skipped);
    if (text.empty() || text.front() == '\r') return need_more(skipped, text);
  }
  if (x_scan < kStartLinePrefix && !may_begin_start_line(text, x_judge)) return fail();
  const auto length = scan_head(text);
  if (x_judge.why != Rule::none) return fail();
  if (length == kNone) return need_more(skipped, text);
  return finish_head(text.substr(0, length), skipped);
}

/// Goes on looking for the empty line where the last call stopped. The head's length, or kNone if it is not whole or
/// was refused. Judges in the order of the bytes, so that every split finds the same first fault.
std::size_t MessageParser::scan_head(std::string_view text) {
  for (;;) {
    const auto line_end = text.find('\n', x_scan);
    if (over_limit(text, std::min(line_end, text.size()))) return kNone;
    if (line_end == kNone) {
      x_scan = text.size();
      return kNone;
    }
    if (x_lines > 0 && is_empty_line(text, x_line, line_end)) return line_end + 1;
    if (!end_head_line(text, line_end)) return kNone;
    x_line = x_scan = line_end + 1;
  }
}

/// `line_end`: where the current line ends, or how far it is known not to end.
bool MessageParser::over_limit(std::string_view text, std::size_t line_end) {
  if (x_lines == 0 && x_judge.side == Side::request && line_end > x_limits->target_bytes) {
    return x_judge.gives_up(Rule::target_length, 414);
  }
  const bool ended = line_end < text.size();
  if (line_end + (ended ? 1 : 0) > x_limits->head_bytes) return x_judge.gives_up(Rule::head_size, 431);
  return false;
}

bool MessageParser::end_head_line(std::string_view text, std::size_t line_end) {
  ++x_lines;
  if (x_lines == 1) {
    return parse_start_line(text.substr(0, line_end), x_limits->method_bytes, x_judge, x_start);
  }
  return x_lines - 1 <= x_limits->fields || !x_judge.gives_up(Rule::head_size, 431);
}

/// `text` is the whole head.
Event MessageParser::finish_head(std::string_view text, std::size_t skipped) {
  auto fields = text.substr(text.find('\n') + 1, x_line - text.find('\n') - 1);
  auto last = text.substr(x_line, text.size() - 1 - x_line);
  x_table->clear();
  if (!parse_fields(fields, x_judge, *x_table) || !strip_line_end(last, x_judge)) return fail();
  x_head.raw = text;
  x_head.method = x_start.method.in(text);
  x_head.target = x_start.target.in(text);
  x_head.reason = x_start.reason.in(text);
  x_head.version = x_start.version;
  x_head.status = x_start.status;
  x_head.fields = *x_table;
  x_pending = x_scan = x_line = x_lines = 0;
  if (!plan_body()) {
    // An observer still shows the head; what follows it nobody can frame.
    if (x_judge.mode == Mode::strict) return fail();
    x_state = State::failed;
  }
  return {Step::head, skipped + text.size(), as_bytes(text)};
}

bool MessageParser::plan_body() {
  BodyPlan plan;
  if (x_judge.side == Side::request) {
    if (!plan_request_body(x_head, x_judge, plan)) return false;
  } else {
    const bool interim = x_head.status < 200 && x_head.status != 101;
    if (interim && ++x_interim_heads > x_limits->interim_heads && x_judge.refuses(Rule::interim)) return false;
    const auto request = x_answers;
    if (!interim) {
      x_answers = RequestFacts{};
      x_interim_heads = 0;
    }
    if (!plan_response_body(x_head, request, x_judge, plan)) return false;
  }
  x_framing = plan.framing;
  x_keeps_alive = plan.keeps_alive;
  x_content_length = x_remaining = plan.length;
  x_state = plan.tunnel ? State::tunnel : state_for(plan.framing);
  return true;
}

MessageParser::State MessageParser::state_for(Framing framing) {
  switch (framing) {
    case Framing::length: return State::length_body;
    case Framing::chunked: return State::chunk_line;
    case Framing::until_close: return State::close_body;
    case Framing::none: break;
  }
  return State::done;
}

/// A body of known length, or a chunk.
std::optional<Event> MessageParser::measured_body(std::string_view text, std::size_t& at) {
  if (x_remaining == 0) {
    x_state = x_state == State::length_body ? State::done : State::chunk_end;
    return std::nullopt;
  }
  const auto piece = text.substr(at, static_cast<std::size_t>(std::min<std::uint64_t>(x_remaining, text.size() - at)));
  at += piece.size();
  if (piece.empty()) return need_more(at, {});
  x_remaining -= piece.size();
  x_body_bytes += piece.size();
  return Event{Step::body, at, as_bytes(piece)};
}

Event MessageParser::close_body(std::string_view text) {
  if (text.empty()) return need_more(0, text);
  x_body_bytes += text.size();
  return {Step::body, text.size(), as_bytes(text)};
}

std::optional<Event> MessageParser::chunk_line(std::string_view text, std::size_t& at) {
  const auto rest = text.substr(at);
  const auto line_end = rest.find('\n', x_scan);
  x_scan = rest.size();
  const bool too_long = std::min(line_end, rest.size()) > x_limits->chunk_line_bytes;
  if (too_long && x_judge.gives_up(Rule::chunk_extension)) return fail(at);
  if (line_end == kNone) return need_more(at, rest);
  ChunkLine line;
  if (!parse_chunk_line(rest.substr(0, line_end), x_judge, line)) return fail(at);
  x_extension_bytes += line.extension_bytes;
  if (!extensions_in_proportion(x_extension_bytes, x_body_bytes) && x_judge.refuses(Rule::chunk_extension)) {
    return fail(at);
  }
  at += line_end + 1;
  x_pending = x_scan = 0;
  x_remaining = line.size;
  x_state = line.size == 0 ? State::trailers : State::chunk_body;
  return std::nullopt;
}

/// The line end behind a chunk's data.
std::optional<Event> MessageParser::chunk_end(std::string_view text, std::size_t& at) {
  const auto rest = text.substr(at, 2);
  if (rest.empty() || rest == "\r") return need_more(at, rest);
  const bool bare_lf = rest.front() == '\n';
  const auto fault = rest.front() == '\r' ? Rule::bare_cr : Rule::chunk_end;
  if (rest != "\r\n" && !bare_lf && x_judge.gives_up(fault)) return fail(at);
  if (bare_lf) {
    if (x_judge.refuses(Rule::bare_lf)) return fail(at);
    x_judge.doubt_framing();
  }
  at += bare_lf ? 1 : 2;
  x_pending = 0;
  x_state = State::chunk_line;
  return std::nullopt;
}

/// Everything behind the last chunk, up to the empty line.
Event MessageParser::trailers(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  for (;;) {
    const auto line_end = rest.find('\n', x_scan);
    const auto known = std::min(line_end, rest.size());
    if (known > x_limits->trailer_bytes && x_judge.gives_up(Rule::trailer, 431)) return fail(at);
    if (line_end == kNone) {
      x_scan = rest.size();
      return need_more(at, rest);
    }
    if (is_empty_line(rest, x_line, line_end)) {
      auto last = rest.substr(x_line, line_end - x_line);
      const auto lines = rest.substr(0, x_line);
      if (!check_trailers(lines, x_judge) || !strip_line_end(last, x_judge)) return fail(at);
      x_pending = x_scan = x_line = x_lines = 0;
      x_state = State::done;
      if (lines.empty()) return end(at + line_end + 1);
      return {Step::trailers, at + line_end + 1, as_bytes(lines)};
    }
    if (++x_lines > x_limits->trailer_fields && x_judge.refuses(Rule::trailer, 431)) return fail(at);
    x_line = x_scan = line_end + 1;
  }
}

Event MessageParser::gap(std::uint64_t bytes) {
  const bool measured = x_state == State::length_body || x_state == State::chunk_body;
  if (x_state == State::tunnel) return {Step::tunnel, 0, {}};
  if (!(measured && bytes <= x_remaining) && x_state != State::close_body) return fail();
  if (measured) x_remaining -= bytes;
  const auto room = std::numeric_limits<std::uint64_t>::max() - x_body_bytes;
  x_body_bytes += std::min(bytes, room);
  return {Step::body, 0, {}};
}

Event MessageParser::end_of_input(Ending how) {
  const bool complete = (x_state == State::close_body && how != Ending::reset) || x_state == State::done ||
                        (x_state == State::length_body && x_remaining == 0);
  if (complete) return end(0);
  if (x_state == State::tunnel) return {Step::tunnel, 0, {}};
  if (between_messages()) return {};
  if (x_state != State::failed) x_judge.status = x_judge.side == Side::request ? 400 : 502;
  return fail();
}

}  // namespace tapedeck::http
