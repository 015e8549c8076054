#include <utility>

#include "capture/http_pairing.hpp"
#include "capture/start_line.hpp"

// What the messages of a direction do to the exchanges of its connection.
namespace tapedeck::capture {

using http::Flag;
using http::Reason;
using http::Step;

void HttpPairing::stash(Half& h, ConstBytes rest, const Piece& piece, bool older) {
  append(h.buffer, rest);
  if (older) return;  // than this piece: the first byte's packet is noted already
  h.buffer_time = piece.time;
  h.buffer_acked = piece.peer_acked;
}

void HttpPairing::read(Half& h, const Piece& piece) {
  const std::size_t old = h.buffer.size();
  std::string owned;
  ConstBytes input = piece.bytes;
  if (old > 0) {
    owned = std::exchange(h.buffer, {});
    append(owned, piece.bytes);
    input = as_bytes(owned);
  }
  const StreamPosition base = piece.position - old;
  std::size_t used = 0;
  for (bool more = true; more && h.state == State::reading;) {
    const bool older = used < old;
    if (h.fresh && used < input.size()) {
      begin_message(h, base + used, older ? h.buffer_time : piece.time, older ? h.buffer_acked : piece.peer_acked,
                    piece.time);
    }
    const http::Event event = h.parser->next(input.subspan(used));
    used += event.consumed;
    x_context->account.http += event.consumed;
    if (event.step == Step::desync) {
      stash(h, input.subspan(used), piece, true);
      const bool too_long = h.parser->why() == http::Rule::head_size || h.parser->why() == http::Rule::target_length;
      return lose(h, too_long ? Reason::head_limit : Reason::parse_error, piece.time);
    }
    more = handle(h, event, piece.time);
  }
  if (used == input.size()) return;
  if (h.state == State::opaque) {
    x_context->account.opaque[std::string(h.opaque_as)] += input.size() - used;
  } else if (used == 0 && old > 0) {
    h.buffer = std::move(owned);
  } else {
    stash(h, input.subspan(used), piece, used < old);
  }
}

/// False: more bytes are needed.
bool HttpPairing::handle(Half& h, const http::Event& event, Time now) {
  OpenExchange* exchange = x_open.find(h.current);
  switch (event.step) {
    case Step::need_more:
      if (h.parser->between_messages()) h.fresh = true;  // only line ends went by
      return false;
    case Step::head: on_head(h, event.bytes, now); return true;
    case Step::body:
      if (exchange != nullptr) x_open.emit(*exchange, http::BodyPart{.side = side_of(h), .bytes = event.bytes}, now);
      return true;
    case Step::trailers:
      if (exchange != nullptr)
        x_open.emit(*exchange, http::TrailersPart{.side = side_of(h), .bytes = event.bytes}, now);
      return true;
    case Step::end: on_message_end(h, now); return true;
    case Step::tunnel: on_tunnel(h, now); return false;
    case Step::desync:
    case Step::rejected: break;
  }
  return false;
}

void HttpPairing::begin_message(Half& h, StreamPosition position, Time first, StreamPosition acked, Time now) {
  h.fresh = false;
  h.message_first = first;
  h.message_acked = acked;
  h.message_position = position;
  if (h.role == Role::request || h.in_interim) return;
  // A response's framing depends on what it answers, so that is settled at its first byte.
  OpenExchange* exchange = x_open.find(h.current);
  if (exchange == nullptr || exchange->interim_heads == 0)
    exchange = x_open.answered_by(position, why_passed_over(), now);
  if (exchange != nullptr && answers_another(*exchange, position)) {
    x_open.miss_response(*exchange, why_passed_over(), now);
    exchange = nullptr;
  }
  h.current = exchange == nullptr ? 0 : exchange->id;
  h.parser->answers(exchange == nullptr ? http::RequestFacts{} : exchange->facts);
}

/// Server bytes are missing between the request and this response, client bytes behind the request: its answer was
/// lost, and this one belongs to a request that was lost too. Who does not pipeline is answered right at the note.
bool HttpPairing::answers_another(const OpenExchange& exchange, StreamPosition position) {
  return x_open.uncertain && !x_open.pipelined && exchange.note < position && responses().gap_end > exchange.note &&
         requests().gap_end > exchange.position;
}

void HttpPairing::on_head(Half& h, ConstBytes bytes, Time now) {
  if (h.role == Role::request) {
    on_request_head(h, now);
  } else {
    on_response_head(h, bytes, now);
  }
}

void HttpPairing::on_request_head(Half& h, Time now) {
  const Half& server = responses();
  const bool server_between = server.buffer.empty() && server.current == 0 && !x_held;
  if (x_open.empty() && h.message_acked == server.next && server_between) {
    x_open.uncertain = false;  // whatever was lost, this request's answer comes next
    x_lost_requests = false;
  }
  if (!x_open.uncertain && h.message_acked != 0 && h.message_acked <= server.next && !x_open.empty()) {
    x_open.pipelined = true;  // an answer is under way and the client cannot have all of it
  }
  OpenExchange& exchange = x_open.open_request(h.message_acked, h.parser->head(), h.message_first, now);
  exchange.position = h.message_position;
  h.current = exchange.id;
  if (server.gap_end != 0) x_open.expire(server.next, why_passed_over(), now);
}

/// A request whose first line no parser takes: it is framed by its empty line alone.
void HttpPairing::read_odd_request(Half& h, std::string_view raw, Time first, StreamPosition acked, Time now) {
  http::Head head;
  head.raw = raw;
  head.method = raw.substr(0, raw.find_first_of(" \r\n"));
  OpenExchange& exchange = x_open.open_request(acked, head, first, now);
  exchange.rules.add(http::Rule::request_line);
  exchange.request_body = 0;
  exchange.request_done = true;
  h.message_acked = acked;
}

void HttpPairing::on_response_head(Half& h, ConstBytes bytes, Time now) {
  const std::uint16_t status = h.parser->head().status;
  OpenExchange* exchange = x_open.find(h.current);
  if (status < 200 && status != 101) {
    h.in_interim = true;
    if (exchange != nullptr && exchange->begun && ++exchange->interim_heads <= x_context->limits.interim_heads) {
      x_open.emit(*exchange, http::InterimPart{.bytes = bytes}, now);
    }
    return;
  }
  const http::Version version = h.parser->head().version;
  if (exchange == nullptr) {
    exchange = &x_open.open_alone(version, why_request_is_missing(), now);
    h.current = exchange->id;
  } else if (!exchange->begun) {  // its request was recognised, but the head was lost
    exchange->version = version;
    exchange->flags.set(Flag::request_missing);
    x_open.begin(*exchange, now);
  }
  x_any_response = true;
  exchange->response_begun = true;
  if (!exchange->request_done) exchange->flags.set(Flag::early_response);
  x_open.emit(*exchange,
              http::HeadPart{.side = http::Side::response, .bytes = bytes, .first = h.message_first, .status = status},
              now);
}

void HttpPairing::note_rules(Half& h, OpenExchange& exchange) {
  exchange.rules = exchange.rules | h.parser->fired();
  const bool request = h.role == Role::request;
  if (h.parser->framing() == http::Framing::chunked) {
    exchange.flags.set(request ? Flag::request_chunked : Flag::response_chunked);
  }
  if (h.parser->framing() == http::Framing::until_close) exchange.flags.set(Flag::read_to_close);
  (request ? exchange.request_body : exchange.response_body) = h.parser->body_bytes();
  if (std::exchange(h.inconsistent, false)) exchange.flags.set(Flag::overlap_inconsistent);
}

void HttpPairing::on_message_end(Half& h, Time now) {
  h.fresh = true;
  if (std::exchange(h.in_interim, false)) return;
  OpenExchange* exchange = x_open.find(std::exchange(h.current, 0));
  if (exchange == nullptr) return;
  note_rules(h, *exchange);
  if (h.role == Role::response) {
    exchange->response_done = true;
    x_open.finish_if_done(*exchange, now);
    return settle_upgrade(now);  // before the next response looks for its request
  }
  exchange->request_done = true;
  const bool awaits = (exchange->facts.asks_upgrade || exchange->facts.is_connect) && !exchange->response_done;
  if (x_open.finish_if_done(*exchange, now)) return;
  if (responses().ended) return end_unanswered(now);
  if (awaits) h.state = State::awaiting;
}

void HttpPairing::on_tunnel(Half& h, Time now) {
  OpenExchange* exchange = x_open.find(std::exchange(h.current, 0));
  if (exchange != nullptr) {
    note_rules(h, *exchange);
    exchange->flags.set(Flag::upgraded);
    exchange->request_done = exchange->response_done = true;
    x_open.finish_if_done(*exchange, now);
  }
  for (Half& each : x_halves) make_opaque(each, "upgraded");
}

/// The answer to an upgrade came and was another one: what the client sent since are requests.
void HttpPairing::settle_upgrade(Time now) {
  if (!knows_roles() || requests().state != State::awaiting) return;
  for (const OpenExchange& e : x_open.all()) {
    if ((e.facts.asks_upgrade || e.facts.is_connect) && !e.response_done) return;
  }
  Half& h = requests();
  h.state = State::reading;
  const std::string held = std::exchange(h.buffer, {});
  if (held.empty()) return;
  read(
      h,
      {.position = h.next - held.size(), .bytes = as_bytes(held), .time = h.buffer_time, .peer_acked = h.buffer_acked});
  release();
  settle_upgrade(now);
}

void HttpPairing::truncate(Half& h, Reason why, Time now) {
  OpenExchange* exchange = x_open.find(std::exchange(h.current, 0));
  if (exchange == nullptr) return;
  note_rules(h, *exchange);
  const bool request = h.role == Role::request;
  exchange->flags.set(request ? Flag::request_truncated : Flag::response_truncated);
  (request ? exchange->request_done : exchange->response_done) = true;
  exchange->blame(why);
  if (x_open.finish_if_done(*exchange, now)) return;
  if (request && responses().ended) end_unanswered(now);
}

void HttpPairing::lose(Half& h, Reason why, Time now) {
  x_open.uncertain = true;
  if (h.role == Role::request) x_lost_requests = true;
  OpenExchange* exchange = x_open.find(h.current);
  if (h.state == State::reading && h.role == Role::request && exchange == nullptr &&
      match_request_line(std::string_view(h.buffer).substr(leading_empty_lines(h.buffer))) == Match::yes) {
    OpenExchange& lost = x_open.add(h.message_acked);
    lost.request_done = true;
    lost.reason = why;
    lost.lost_bytes = h.buffer.size();
    lost.last = h.message_first;
    x_open.keep_bounded(now);
  }
  if (h.state == State::reading && exchange != nullptr) {
    if (h.role == Role::request || exchange->response_begun) {
      truncate(h, why, now);
    } else if (why == Reason::head_limit) {
      x_open.miss_response(*exchange, why, now);
    }
  }
  discard_buffer(h);
  h.current = 0;
  h.in_interim = h.inconsistent = false;
  h.fresh = true;
  h.state = State::seeking;
  if (h.parser) h.parser->reset();
}

Reason HttpPairing::why_passed_over() {
  const Half& server = responses();
  if (!server.seen) return Reason::one_sided;
  return server.gap_reason == Reason::none ? Reason::unpaired : server.gap_reason;
}

Reason HttpPairing::why_response_is_missing(const OpenExchange& exchange) {
  const Half& server = responses();
  if (!server.seen) return Reason::one_sided;
  if (server.gap_end > exchange.note) return server.gap_reason;
  if (server.unparsed_end > exchange.note) return Reason::parse_error;
  switch (server.end_reason) {
    case EndReason::cut_off: return Reason::cut_off;
    case EndReason::evicted: return Reason::evicted;
    default: return Reason::aborted;
  }
}

Reason HttpPairing::why_request_is_missing() {
  const Half& client = requests();
  if (!client.seen) return Reason::one_sided;
  if (x_lost_requests && client.gap_reason != Reason::none) return client.gap_reason;
  if (!client.syn && !x_any_response) return Reason::cut_off;  // asked before the capture began
  if (client.unparsed_end != 0) return Reason::parse_error;
  return Reason::one_sided;  // servers say 408 to who does not ask
}

}  // namespace tapedeck::capture
