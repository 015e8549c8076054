#include <algorithm>
#include <utility>

#include "proxy/relay.hpp"

// How exchanges end, well or not.
namespace tapedeck::proxy {

using http::Flag;
using http::Reason;

void Relay::connect_failed(ConnectFailure why) {
  x_upstream = Upstream::none;
  if (x_state != State::exchange) return;
  if (why == ConnectFailure::no_address) return no_response({503, "dns_error"}, Flag::upstream_unreachable);
  no_response({502, "connection_refused"}, Flag::upstream_unreachable);
}

// A pooled connection was closed while our request was on its way: nobody has acted on it, as far as can be known, and
// doing it twice does no harm.
bool Relay::can_retry() const {
  return x_exchange.pooled && !x_exchange.retried && x_exchange.idempotent && x_request.held() &&
         !x_exchange.response_begun;
}

void Relay::retry() {
  x_context.counters.upstream_retries.add();
  x_exchange.retried = true;
  x_exchange.request_sent = false;
  x_exchange.upstream_deaf = false;
  x_request.rewind();
  x_actions.release = Actions::Release::discard;
  x_actions.connect = Actions::Connect::fresh;
  x_upstream = Upstream::connecting;
  x_upstream_wait = x_now.mono;
}

void Relay::no_response(OwnAnswer answer, Flag flag) {
  x_exchange.flags.set(flag);
  fail(answer);
}

void Relay::bad_response() {
  x_exchange.rules = x_exchange.rules | x_response_parser->fired();
  x_exchange.rules.add(x_response_parser->why());
  x_exchange.reason = Reason::parse_error;
  fail({502, "http_protocol_error"});
}

// The upstream is done with. The client hears so if it has heard nothing of a response yet; else only a broken
// connection tells it that what it has is not whole.
void Relay::fail(OwnAnswer own) {
  if (own.status >= 502) x_context.counters.upstream_failures.add();
  discard_upstream();
  if (x_exchange.response_sending || x_response.sent() > 0) {
    if (x_exchange.reason == Reason::none) x_exchange.reason = Reason::aborted;
    end_exchange();
    return close(Actions::Close::abort);
  }
  answer(own);
}

void Relay::answer(OwnAnswer own) {
  x_request.drop_output();
  x_response.drop_output();
  x_response.drop_unparsed();
  x_exchange.flags.set(Flag::answered_by_proxy);
  x_exchange.own_answer = true;
  x_exchange.response_formed = true;
  x_exchange.client_stays = x_exchange.client_keeps && x_exchange.request_read && !x_draining && !x_client_ended &&
                            x_exchange.facts.version != http::Version::http_1_0;
  append_own_answer(own,
                    {.is_head = x_exchange.facts.is_head,
                     .client_stays = x_exchange.client_stays,
                     .date = x_context.date.at(x_now.wall)},
                    x_response.head());
  x_client_write = x_now.mono;
}

void Relay::client_gone(Actions::Close how) {
  if (x_state == State::exchange) {
    x_exchange.flags.set(Flag::client_aborted);
    const bool whole = x_exchange.request_read && (x_exchange.response_read || x_exchange.own_answer);
    if (!whole && x_exchange.reason == Reason::none) x_exchange.reason = Reason::aborted;
    end_exchange();
  }
  close(how);
}

// The client has all of the response.
void Relay::finish_exchange() {
  const bool whole = x_exchange.request_read && (x_exchange.request_sent || x_exchange.own_answer);
  if (x_upstream == Upstream::up && whole && x_exchange.upstream_keeps && !x_upstream_ended) {
    x_actions.release = Actions::Release::keep;
    x_actions.keep_for = x_exchange.keep_for;
    x_upstream = Upstream::none;
  }
  discard_upstream();
  if (!x_exchange.request_read && x_exchange.reason == Reason::none) x_exchange.reason = Reason::aborted;
  end_exchange();
  x_request.drop_output();
  if (!whole || !x_exchange.client_stays) return linger();
  x_state = State::idle;
  x_since = x_now.mono;
}

void Relay::end_exchange() {
  TeeEnd end{.flags = x_exchange.flags, .reason = x_exchange.reason, .rules = x_exchange.rules};
  if (!x_exchange.request_read) end.flags.set(Flag::request_truncated);
  if (!x_exchange.response_head) {
    end.flags.set(Flag::response_missing);
  } else if (!x_exchange.response_read) {
    end.flags.set(Flag::response_truncated);
  }
  end.has_response = x_exchange.response_head;
  if (!end.rules.empty()) end.flags.set(Flag::malformed);
  x_context.tee.end(x_exchange.tee, end, x_now.wall);
}

void Relay::discard_upstream() {
  if (x_upstream == Upstream::none) return;
  x_upstream = Upstream::none;
  x_actions.release = Actions::Release::discard;
}

// A client that still sends would be answered with a reset, and our response might go down with it: say FIN, and read
// on for a little while.
void Relay::linger() {
  x_request.drop_output();
  x_request.drop_unparsed();
  if (x_client_ended) return close(Actions::Close::close);
  x_state = State::linger;
  x_since = x_now.mono;
  x_lingered = 0;
  x_actions.finish_client = true;
}

void Relay::close(Actions::Close how) {
  discard_upstream();
  x_request.drop_output();
  x_request.drop_unparsed();
  x_response.drop_output();
  x_response.drop_unparsed();
  x_state = State::closed;
  x_actions.close_client = how;
}

void Relay::drain() {
  if (x_draining) return;
  x_draining = true;
  x_drain_since = x_now.mono;
}

void Relay::cut() {
  if (x_state == State::exchange) {
    x_exchange.flags.set(Flag::cut_off);
    const bool whole = x_exchange.request_read && (x_exchange.response_read || x_exchange.own_answer);
    if (!whole && x_exchange.reason == Reason::none) x_exchange.reason = Reason::cut_off;
    end_exchange();
    return close(Actions::Close::abort);
  }
  close(Actions::Close::close);
}

}  // namespace tapedeck::proxy
