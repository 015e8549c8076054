#include <utility>

#include "proxy/relay.hpp"

// The client's side of an exchange: from bytes to what goes to the upstream.
namespace tapedeck::proxy {
namespace {

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE" ||
         method == "TRACE";
}

// Requests that go no further: the last hop of an OPTIONS, and what has been here before.
std::optional<OwnAnswer> answer_here(const http::Head& head, const http::ForwardPolicy& policy) {
  if (policy.via && head.find("via").value_or("").find("tapedeck") != std::string_view::npos) {
    return OwnAnswer{508, "proxy_loop_detected"};
  }
  if (http::is_last_hop(head)) return OwnAnswer{204, {}};
  return std::nullopt;
}

}  // namespace

void Relay::client_bytes() {
  x_client_read = x_now.wall;
  switch (x_state) {
    case State::idle: x_head_first = x_now.wall; return pump_request();
    case State::head: return pump_request();
    case State::exchange:
      restart_waits();
      if (!x_exchange.request_read) pump_request();
      return;
    case State::linger:
      x_lingered += x_request.unparsed().size();
      x_request.drop_unparsed();
      if (x_lingered > 256 * 1024) close(Actions::Close::close);
      return;
    case State::tunnel: x_client_wait = x_now.mono; return;
    case State::answering:
    case State::closed: return x_request.drop_unparsed();
  }
}

// Parses until bytes or the message end. While a batch is under way to the upstream, nothing is parsed.
void Relay::pump_request() {
  if (x_request.has_output()) return;
  if (x_state == State::exchange && (x_exchange.request_read || x_exchange.own_answer)) return;
  while (true) {
    const http::Event event = x_request_parser.next(x_request.unparsed());
    if (!request_event(event)) break;
  }
  if (x_state == State::exchange && x_exchange.answer_here) return answer(*x_exchange.answer_here);
  if (x_state == State::exchange) return close_request_batch();
  if (x_state != State::idle && x_state != State::head) return;
  const State before = std::exchange(x_state, x_request.has_unparsed() ? State::head : State::idle);
  if (before != x_state) x_since = x_now.mono;
}

// Whether the parser is to be asked on.
bool Relay::request_event(const http::Event& event) {
  switch (event.step) {
    case http::Step::head: begin_exchange(event); return true;
    case http::Step::body:
      x_context.tee.body(x_exchange.tee, http::Side::request, event.bytes, x_client_read);
      x_request.put_body(event.bytes);
      x_request.consume(event.consumed);
      return true;
    case http::Step::trailers:
      x_context.tee.trailers(x_exchange.tee, http::Side::request, event.bytes, x_client_read);
      append(x_request_trailers, event.bytes);
      x_request.consume(event.consumed);
      return true;
    case http::Step::end:
      x_exchange.request_read = true;
      x_exchange.rules = x_exchange.rules | x_request_parser.fired();
      x_request.consume(event.consumed);
      return false;
    case http::Step::need_more: x_request.consume(event.consumed); return false;
    case http::Step::tunnel:
    case http::Step::desync:
    case http::Step::rejected: break;
  }
  refuse();
  return false;
}

void Relay::begin_exchange(const http::Event& event) {
  const http::Head& head = x_request_parser.head();
  x_exchange = {};
  x_state = State::exchange;
  x_since = x_now.mono;
  x_context.counters.proxied.add();
  const Time first = std::min(x_head_first, x_client_read);
  x_exchange.tee = x_context.tee.begin({x_connection, x_sequence++, head.version}, event.bytes, first, x_client_read);
  const http::Framing framing = x_request_parser.framing();
  if (framing == http::Framing::chunked) x_exchange.flags.set(http::Flag::request_chunked);
  if (head.has_token("expect", "100-continue")) x_exchange.flags.set(http::Flag::expect_continue);
  x_exchange.client_keeps = x_request_parser.keeps_alive();
  x_exchange.idempotent = is_idempotent(head.method);
  const http::Rebuilt rebuilt = http::rebuild_request(head, framing, x_request_parser.content_length(),
                                                      {.client_ip = x_client_ip}, x_context.forward, x_request.head());
  x_exchange.request_out = rebuilt.body;
  x_exchange.facts = {
      .is_head = head.method == "HEAD", .asks_upgrade = rebuilt.tunnel_requested, .version = head.version};
  x_exchange.answer_here = answer_here(head, x_context.forward);
  x_request.consume(event.consumed);
  if (x_exchange.answer_here) return;
  x_actions.connect = x_exchange.idempotent ? Actions::Connect::any : Actions::Connect::recent;
  x_upstream = Upstream::connecting;
  x_upstream_wait = x_now.mono;
}

void Relay::close_request_batch() {
  if (x_exchange.request_out == http::BodyOut::chunked) {
    x_request.frame_as_chunk();
    if (x_exchange.request_read) http::append_last_chunk(as_bytes(x_request_trailers), x_request.tail());
  }
  if (!x_exchange.request_read) return;
  x_request_trailers.clear();
  x_head_first = x_client_read;  // of what may lie behind
  if (!x_request.has_output() && x_upstream == Upstream::up) x_exchange.request_sent = true;
}

// The codec's rules say no: before the head was accepted, or behind a head that is on its way.
void Relay::refuse() {
  const std::uint16_t status = x_request_parser.status() != 0 ? x_request_parser.status() : std::uint16_t{400};
  const OwnAnswer answer{status, "http_request_error"};
  if (x_state == State::exchange) {
    x_exchange.rules = x_exchange.rules | x_request_parser.fired();
    x_exchange.rules.add(x_request_parser.why());
    x_exchange.reason = http::Reason::parse_error;
    return fail(answer);
  }
  x_context.counters.refused.add();
  append_own_answer(answer, {.date = x_context.date.at(x_now.wall)}, x_response.head());
  x_client_write = x_now.mono;
  x_request.drop_unparsed();
  x_state = State::answering;
}

}  // namespace tapedeck::proxy
