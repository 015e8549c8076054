#include "capture/http_pairing.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "capture/start_line.hpp"

// Order, roles, gaps and ends; what messages do stands in http_messages.cpp.
namespace tapedeck::capture {

using http::Flag;
using http::Reason;

namespace {

constexpr std::size_t kAwaitingBytes = 1 << 20;  // sent before the answer to an upgrade was seen

http::Connection connection_of(const HttpPairing::Ends& ends) {
  http::Connection connection;
  connection.client = ends.forward;
  connection.server = ends.backward;
  return connection;
}

Reason reason_of(GapReason reason) { return reason == GapReason::snaplen ? Reason::snaplen : Reason::tcp_gap; }

Reason reason_of(EndReason reason) {
  switch (reason) {
    case EndReason::fin:
    case EndReason::reset:
    case EndReason::peer_reset: return Reason::aborted;
    case EndReason::evicted: return Reason::evicted;
    case EndReason::cut_off: break;
  }
  return Reason::cut_off;
}

}  // namespace

HttpPairing::HttpPairing(PairingContext& context, const Ends& ends)
    : x_context(&context), x_ends(ends), x_open(context, connection_of(ends)) {}

void HttpPairing::start(Direction direction, StreamPosition position, bool syn) {
  Half& h = half(direction);
  h.syn = syn;
  h.first = h.next = position;
  if (!syn) x_open.uncertain = true;
  release();
}

bool HttpPairing::must_wait(StreamPosition peer_acked) const {
  const Half& requests = x_halves[x_halves[0].role == Role::request ? 0 : 1];
  if (requests.ended || requests.state == State::opaque || x_held_bytes >= x_context->limits.waiting_bytes)
    return false;
  return peer_acked > requests.next + 1;  // a FIN that was not seen makes 1
}

void HttpPairing::hold(Held item) {
  if (!x_held) x_held = std::make_unique<std::deque<Held>>();
  x_held_bytes += item.content.size() + sizeof item;
  x_held->push_back(std::move(item));
}

void HttpPairing::hold_bytes(const Piece& piece) {
  hold({.what = Held::What::bytes,
        .position = piece.position,
        .content = std::string(as_text(piece.bytes)),
        .length = 0,
        .time = piece.time,
        .peer_acked = piece.peer_acked,
        .inconsistent = piece.inconsistent});
}

/// Hands on what waited and need not wait any more.
void HttpPairing::release() {
  while (x_held) {
    Held& item = x_held->front();
    if (item.what == Held::What::bytes && must_wait(item.peer_acked)) return;
    const Held now = std::move(item);
    x_held->pop_front();
    x_held_bytes -= now.content.size() + sizeof now;
    if (x_held->empty()) x_held.reset();
    Half& h = responses();
    switch (now.what) {
      case Held::What::bytes:
        process(h, {.position = now.position,
                    .bytes = as_bytes(now.content),
                    .time = now.time,
                    .peer_acked = now.peer_acked,
                    .inconsistent = now.inconsistent});
        break;
      case Held::What::gap: process_gap(h, now.position, now.length, now.gap_reason, now.time); break;
      case Held::What::end: process_end(h, now.end_reason, now.time); break;
    }
  }
}

void HttpPairing::bytes(Direction direction, const Piece& piece) {
  Half& h = half(direction);
  if (h.role == Role::response && (x_held || must_wait(piece.peer_acked))) {
    hold_bytes(piece);
  } else {
    process(h, piece);
  }
  release();
  settle_upgrade(piece.time);
}

void HttpPairing::gap(Direction direction, StreamPosition position, std::uint64_t length, GapReason reason, Time now) {
  Half& h = half(direction);
  if (h.role == Role::response && x_held) {
    hold({.what = Held::What::gap,
          .position = position,
          .content = {},
          .length = length,
          .time = now,
          .gap_reason = reason});
  } else {
    process_gap(h, position, length, reason, now);
  }
  release();
  settle_upgrade(now);
}

void HttpPairing::end(Direction direction, EndReason reason, Time now) {
  Half& h = half(direction);
  if (h.role == Role::response && x_held) {
    hold({.what = Held::What::end, .content = {}, .time = now, .end_reason = reason});
  } else {
    process_end(h, reason, now);
  }
  release();
  settle_upgrade(now);
}

void HttpPairing::inconsistent(Direction direction) {
  Half& h = half(direction);
  if (h.current != 0) h.inconsistent = true;
}

void HttpPairing::process(Half& h, const Piece& piece) {
  h.next = piece.position + piece.bytes.size();
  if (piece.inconsistent) h.inconsistent = true;
  switch (h.state) {
    case State::opaque: x_context->account.opaque[std::string(h.opaque_as)] += piece.bytes.size(); break;
    case State::seeking: seek(h, piece); break;
    case State::reading: read(h, piece); break;
    case State::awaiting:
      stash(h, piece.bytes, piece, !h.buffer.empty());
      if (h.buffer.size() > kAwaitingBytes) make_opaque(h, "upgraded");
      break;
  }
}

void HttpPairing::process_gap(Half& h, StreamPosition position, std::uint64_t length, GapReason reason, Time now) {
  h.next = position + length;
  if (h.state == State::opaque) return;
  const Reason why = reason_of(reason);
  bool continues = false;
  if (h.state == State::reading && h.buffer.empty()) {
    continues = h.parser->gap(length).step == http::Step::body;
    OpenExchange* exchange = x_open.find(h.current);
    if (continues && exchange != nullptr) {
      exchange->flags.set(h.role == Role::request ? Flag::request_gap : Flag::response_gap);
      exchange->blame(why);
      x_open.emit(*exchange, http::GapPart{.side = side_of(h), .length = length}, now);
    }
    if (continues) read(h, {.position = h.next, .bytes = {}, .time = now});  // the body may be complete
  }
  if (continues) return;
  h.gap_end = h.next;
  h.gap_reason = why;
  lose(h, why, now);
  if (h.role == Role::response) x_open.expire(h.next, why_passed_over(), now);
}

void HttpPairing::set_roles(Half& h, Role role) {
  if (h.role != Role::unknown) return;
  Half& peer = &h == &x_halves[0] ? x_halves[1] : x_halves[0];
  h.role = role;
  peer.role = role == Role::request ? Role::response : Role::request;
  const bool forward = x_halves[0].role == Role::request;
  x_open.facts().client = forward ? x_ends.forward : x_ends.backward;
  x_open.facts().server = forward ? x_ends.backward : x_ends.forward;
  x_open.facts().opened = x_ends.opened;
}

/// Looks for a start line where a segment begins.
void HttpPairing::seek(Half& h, const Piece& piece) {
  const std::size_t old = h.buffer.size();
  const std::string older = std::exchange(h.buffer, {});
  const std::string joined = old > 0 ? older + std::string(as_text(piece.bytes)) : std::string();
  const std::string_view input = old > 0 ? std::string_view(joined) : as_text(piece.bytes);
  const StreamPosition base = piece.position - old;
  const std::size_t blank = leading_empty_lines(input);
  const std::string_view line = input.substr(blank);
  const bool first = h.syn && base == h.first;
  Match request = h.role == Role::response ? Match::no : match_request_line(line);
  const Match response = h.role == Role::request ? Match::no : match_status_line(line);
  const bool odd = first && request == Match::no && response == Match::no && h.role != Role::response;
  if (odd) request = match_odd_request(line);

  if (odd && request == Match::yes) return begin_with_odd_request(h, piece, input, blank);
  if (request == Match::yes || response == Match::yes) {
    x_context->account.http += blank;
    Piece rest = piece;
    h.buffer = older.substr(std::min(blank, old));
    if (blank > old) {
      rest.position += blank - old;
      rest.bytes = piece.bytes.subspan(blank - old);
    }
    return begin_reading(h, request == Match::yes ? Role::request : Role::response, rest);
  }
  const bool undecided = request == Match::maybe || response == Match::maybe;
  if (undecided && input.size() <= x_context->limits.start_line_bytes && protocol_of(input) == Protocol::unknown) {
    return stash(h, as_bytes(input), piece, old > 0);
  }
  if (!first && old > 0) {
    count_unparsed(h, old, piece.position);
    return seek(h, piece);  // the line may begin with this segment
  }
  judge_stranger(h, piece, input, first);
}

/// From here on the direction's bytes are messages: what is in the buffer, then `piece`.
void HttpPairing::begin_reading(Half& h, Role role, const Piece& piece) {
  set_roles(h, role);
  h.state = State::reading;
  h.fresh = true;
  auto& fields = role == Role::request ? x_context->request_fields : x_context->response_fields;
  if (!h.parser) h.parser.emplace(side_of(h), http::Mode::observe, x_context->parser_limits, fields);
  if (role == Role::request || !must_wait(piece.peer_acked)) return read(h, piece);
  const std::string older = std::exchange(h.buffer, {});
  if (!older.empty()) {
    hold_bytes({.position = piece.position - older.size(),
                .bytes = as_bytes(older),
                .time = h.buffer_time,
                .peer_acked = h.buffer_acked});
  }
  hold_bytes(piece);
}

void HttpPairing::begin_with_odd_request(Half& h, const Piece& piece, std::string_view input, std::size_t blank) {
  const std::size_t length = blank + odd_request_length(input.substr(blank));
  const std::size_t old = input.size() - piece.bytes.size();
  const bool older = blank < old;
  set_roles(h, Role::request);
  x_context->account.http += length;
  read_odd_request(h, input.substr(blank, length - blank), older ? h.buffer_time : piece.time,
                   older ? h.buffer_acked : piece.peer_acked, piece.time);
  Piece behind = piece;
  behind.bytes = piece.bytes.subspan(std::max(length, old) - old);
  behind.position += piece.bytes.size() - behind.bytes.size();
  begin_reading(h, Role::request, behind);
}

/// Bytes that are no start line and do not begin one.
void HttpPairing::judge_stranger(Half& h, const Piece& piece, std::string_view input, bool first) {
  const Protocol protocol = protocol_of(input);
  if (protocol == Protocol::http2 && first) {
    for (Half& each : x_halves) make_opaque(each, "http2");
  } else if (first || (x_open.opened() == 0 && protocol == Protocol::tls)) {
    make_opaque(h, protocol == Protocol::tls ? "tls" : "not_http");
  } else {
    return skip(h, piece);
  }
  x_context->account.opaque[std::string(h.opaque_as)] += input.size();
  h.unparsed_end = h.next;
}

/// No start line at the segment's start. Who pipelines may have one behind any line end.
void HttpPairing::skip(Half& h, const Piece& piece) {
  const std::string_view text = as_text(piece.bytes);
  std::size_t at = x_open.pipelined ? text.find("\r\n") : std::string_view::npos;
  for (; at != std::string_view::npos; at = text.find("\r\n", at + 2)) {
    const std::string_view line = text.substr(at + 2);
    if ((h.role == Role::response ? match_status_line(line) : match_request_line(line)) != Match::yes) continue;
    count_unparsed(h, at + 2, piece.position + at + 2);
    Piece rest = piece;
    rest.position += at + 2;
    rest.bytes = piece.bytes.subspan(at + 2);
    return seek(h, rest);
  }
  count_unparsed(h, text.size(), h.next);
}

void HttpPairing::make_opaque(Half& h, std::string_view as) {
  h.state = State::opaque;
  h.opaque_as = as;
  h.current = 0;
  if (!h.buffer.empty()) x_context->account.opaque[std::string(as)] += h.buffer.size();
  std::string().swap(h.buffer);
  h.parser.reset();
}

void HttpPairing::count_unparsed(Half& h, std::uint64_t bytes, StreamPosition end) {
  if (bytes == 0) return;
  x_context->account.resync += bytes;
  x_unparsed += bytes;
  h.unparsed_end = end;
}

void HttpPairing::discard_buffer(Half& h) {
  count_unparsed(h, h.buffer.size(), h.next);
  std::string().swap(h.buffer);
}

void HttpPairing::process_end(Half& h, EndReason reason, Time now) {
  if (h.ended) return;
  cut_message(h, reason, now);
  discard_buffer(h);
  h.ended = true;
  h.end_reason = reason;
  if (knows_roles() && responses().ended) end_unanswered(now);
  if (x_halves[0].ended && x_halves[1].ended) finish_all(now);
}

/// The message that is being read ends here, by its own framing or because it is cut.
void HttpPairing::cut_message(Half& h, EndReason reason, Time now) {
  if (h.state != State::reading) return;
  const bool by_end = reason == EndReason::cut_off || reason == EndReason::evicted;
  const auto ending = reason == EndReason::fin ? http::Ending::fin : http::Ending::reset;
  const http::Event event = by_end ? http::Event{} : h.parser->end_of_input(ending);
  if (event.step == http::Step::end) return on_message_end(h, now);
  OpenExchange* exchange = x_open.find(h.current);
  if (exchange == nullptr || (h.role == Role::response && !exchange->response_begun)) return;
  note_abort(h, reason, *exchange);
  truncate(h, reason_of(reason), now);
}

void HttpPairing::note_abort(const Half& h, EndReason reason, OpenExchange& exchange) {
  if (reason_of(reason) != Reason::aborted) return;
  const bool by_sender = reason != EndReason::peer_reset;
  exchange.flags.set(by_sender == (h.role == Role::request) ? Flag::client_aborted : Flag::upstream_aborted);
}

/// The server will send no more.
void HttpPairing::end_unanswered(Time now) {
  std::vector<std::uint64_t> waiting;
  for (const OpenExchange& e : x_open.all()) {
    if (e.unanswered() && e.request_done) waiting.push_back(e.id);
  }
  for (const std::uint64_t id : waiting) {
    OpenExchange* exchange = x_open.find(id);
    if (exchange == nullptr) continue;
    const Reason why = why_response_is_missing(*exchange);
    if (why == Reason::aborted) note_abort(responses(), responses().end_reason, *exchange);
    x_open.miss_response(*exchange, why, now);
  }
}

void HttpPairing::finish_all(Time now) {
  while (!x_open.empty()) {  // what no rule above closed
    OpenExchange& exchange = x_open.all().front();
    exchange.request_done = true;
    if (exchange.unanswered()) exchange.flags.set(Flag::response_missing);
    exchange.response_done = true;
    exchange.blame(Reason::cut_off);
    x_open.finish_if_done(exchange, now);
  }
  if (x_open.opened() > 0) return;
  // Not one message in it: this was another protocol, met on its way.
  x_context->account.resync -= x_unparsed;
  if (x_unparsed > 0) x_context->account.opaque["not_http"] += x_unparsed;
  x_unparsed = 0;
}

std::optional<Time> HttpPairing::oldest_held() const {
  std::optional<Time> oldest;
  const auto consider = [&](Time time) { oldest = oldest ? std::min(*oldest, time) : time; };
  for (const Half& h : x_halves) {
    if (!h.buffer.empty()) consider(h.buffer_time);
  }
  if (x_held) consider(x_held->front().time);
  return oldest;
}

std::size_t HttpPairing::memory() const { return x_halves[0].buffer.size() + x_halves[1].buffer.size() + x_held_bytes; }

}  // namespace tapedeck::capture
