#include "proxy/relay.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck::proxy {
namespace {

const http::ParserLimits& request_limits() {
  static const http::ParserLimits limits = http::strict_request_limits();
  return limits;
}

std::string ip_of(const http::SocketAddress& address) {
  const std::string text = http::to_string(address);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return text;
  return text.front() == '[' ? text.substr(1, colon - 2) : text.substr(0, colon);
}

}  // namespace

Relay::Relay(RelayContext context, std::shared_ptr<const http::Connection> connection)
    : x_context(context),
      x_connection(std::move(connection)),
      x_client_ip(ip_of(x_connection->client)),
      x_request(context.slab),
      x_response(context.slab),
      x_request_parser(http::Side::request, http::Mode::strict, request_limits(), x_request_fields) {}

Relay::~Relay() {
  if (x_waiting) x_context.heads.remove(*x_waiting);
}

Actions Relay::start(Now now) {
  x_now = now;
  x_since = now.mono;
  x_actions = {};
  return wants();
}

Actions Relay::on(const Input& input, Now now) {
  x_now = now;
  x_actions = {};
  switch (input.kind) {
    case Input::Kind::bytes: bytes(input.end, input.bytes); break;
    case Input::Kind::written: written(input.end, input.bytes); break;
    case Input::Kind::ended: ended(input.end); break;
    case Input::Kind::broken: broken(input.end); break;
    case Input::Kind::write_failed: write_failed(input.end); break;
    case Input::Kind::connected: connected(input.pooled); break;
    case Input::Kind::connect_failed: connect_failed(input.why); break;
    case Input::Kind::due: due(); break;
    case Input::Kind::draining: drain(); break;
    case Input::Kind::cut: cut(); break;
  }
  settle();
  return wants();
}

void Relay::bytes(End end, std::size_t n) {
  const bool next_request = end == End::client && x_state == State::exchange && x_exchange.request_read;
  if (next_request && !x_request.has_unparsed()) x_head_first = x_now.wall;
  if (end == End::client && waits_for_body()) {
    x_rate_waited += x_now.mono - x_rate_since;
    x_rate_bytes += n;
  }
  from(end).received(n);
  end == End::client ? client_bytes() : upstream_bytes();
}

void Relay::written(End end, std::size_t n) {
  if (end == End::client) {
    x_client_write = x_now.mono;
    if (x_exchange.response_head || x_exchange.own_answer) x_exchange.response_sending = true;
    if (!x_response.written(n)) return;
    x_upstream_wait = x_now.mono;  // it was not read until now
    if (x_state == State::exchange) pump_response();
    return;
  }
  x_upstream_wait = x_now.mono;
  if (!x_request.written(n)) return;
  restart_waits();
  if (x_state != State::exchange) return;
  if (x_exchange.request_read) x_exchange.request_sent = true;
  pump_request();
}

void Relay::ended(End end) {
  if (end == End::upstream) {
    x_upstream_ended = true;
    if (x_state == State::exchange) response_ended(http::Ending::fin);
    return;
  }
  x_client_ended = true;
  switch (x_state) {
    case State::exchange:
      if (!x_exchange.request_read) client_gone(Actions::Close::close);
      return;
    case State::answering:
    case State::tunnel:
    case State::closed: return;
    case State::idle:
    case State::head:
    case State::linger: return close(Actions::Close::close);
  }
}

void Relay::broken(End end) {
  if (end == End::client) return client_gone(Actions::Close::close);
  if (x_state == State::tunnel) return client_gone(Actions::Close::abort);
  x_upstream_ended = true;
  if (x_state == State::exchange) response_ended(http::Ending::reset);
}

// An upstream that closes early may have said why: its answer is read before the failure is believed.
void Relay::write_failed(End end) {
  if (end == End::client) return client_gone(Actions::Close::close);
  if (x_state == State::tunnel) return client_gone(Actions::Close::abort);
  x_exchange.upstream_deaf = true;
}

void Relay::connected(bool pooled) {
  x_upstream = Upstream::up;
  x_upstream_ended = false;
  x_upstream_wait = x_now.mono;
  restart_waits();
  x_rate_waited = {};
  x_rate_bytes = 0;
  x_exchange.pooled = pooled;
  // A pooled connection may be about to close: keep what can be sent again.
  if (pooled && x_exchange.idempotent && x_exchange.request_read) x_request.hold(true);
}

void Relay::settle() {
  while (x_state == State::exchange && x_exchange.response_formed && !x_response.has_output()) {
    finish_exchange();
    if (x_state == State::idle && x_request.has_unparsed()) pump_request();
    if (x_state == State::idle && x_client_ended) close(Actions::Close::close);
  }
  if (x_state == State::head && x_client_ended) close(Actions::Close::close);
  if (x_state == State::answering && !x_response.has_output()) linger();
  if (x_state == State::tunnel) pump_tunnel();
  x_request.settle();
  x_response.settle();
  note_waiting();
}

// The watermark may not pass a request that lies in our buffer.
void Relay::note_waiting() {
  const bool next_request = x_state == State::head || (x_state == State::exchange && x_exchange.request_read);
  const bool waiting = next_request && x_request.has_unparsed();
  if (waiting && !x_waiting) x_waiting = x_context.heads.add(x_head_first);
  if (!waiting && x_waiting) {
    x_context.heads.remove(*x_waiting);
    x_waiting.reset();
  }
}

Actions Relay::wants() {
  x_actions.deadline = deadline();
  if (x_state == State::closed) return x_actions;
  x_actions.write_client = x_response.has_output();
  x_actions.write_upstream = x_upstream == Upstream::up && !x_exchange.upstream_deaf && x_request.has_output();
  switch (x_state) {
    case State::idle:
    case State::head:
    case State::linger: x_actions.read_client = !x_client_ended; break;
    case State::exchange:
      // Behind a whole request we still listen: for a client that goes away, and for what it sends ahead.
      x_actions.read_client =
          !x_client_ended && !x_exchange.own_answer &&
          (x_exchange.request_read ? !x_request.has_unparsed() && x_request.has_room() : waits_for_body());
      x_actions.read_upstream =
          x_upstream == Upstream::up && !x_upstream_ended && !x_response.has_output() && !x_exchange.response_read;
      break;
    case State::tunnel:
      x_actions.read_client = !x_client_ended && !x_request.has_output();
      x_actions.read_upstream = !x_upstream_ended && !x_response.has_output();
      break;
    case State::answering:
    case State::closed: break;
  }
  return x_actions;
}

void Relay::start_tunnel() {
  x_exchange.flags.set(http::Flag::upgraded);
  x_exchange.response_read = true;
  end_exchange();
  x_state = State::tunnel;
  x_since = x_now.mono;
}

// Both directions, and the half-closes behind what was sent.
void Relay::pump_tunnel() {
  for (const End end : {End::client, End::upstream}) {
    Flow& flow = from(end);
    if (flow.has_output()) continue;
    if (flow.has_unparsed()) {
      const ConstBytes all = flow.unparsed();
      flow.put_body(all);
      flow.consume(all.size());
      continue;
    }
    bool& passed = x_passed_end[static_cast<std::size_t>(end)];
    if (passed || !(end == End::client ? x_client_ended : x_upstream_ended)) continue;
    passed = true;
    (end == End::client ? x_actions.finish_upstream : x_actions.finish_client) = true;
  }
  if (x_passed_end[0] && x_passed_end[1]) close(Actions::Close::close);
}

}  // namespace tapedeck::proxy
