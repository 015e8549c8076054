#include <algorithm>

#include "proxy/relay.hpp"

// Which wait has which end.
namespace tapedeck::proxy {
namespace {

constexpr Duration kLinger = std::chrono::seconds(2);
constexpr Duration kIdleInDrain = std::chrono::seconds(5);
constexpr std::int64_t kBytesPerSecond = 256;

void earlier(MonoTime& at, MonoTime since, Duration span) { at = std::min(at, since + span); }

}  // namespace

bool Relay::waits_for_body() const {
  return x_state == State::exchange && !x_exchange.request_read && !x_exchange.own_answer &&
         !x_exchange.upstream_deaf && x_upstream == Upstream::up && !x_request.has_output();
}

// The client's clock starts anew when we begin to wait for it again.
void Relay::restart_waits() {
  x_client_wait = x_now.mono;
  x_rate_since = x_now.mono;
}

// Over so much waiting a body must come at a rate; half of what a silent client is given.
Duration Relay::rate_window() const { return x_context.time_outs.client_body / 2; }

bool Relay::rate_is_due() const { return x_rate_waited + (x_now.mono - x_rate_since) >= rate_window(); }

std::optional<MonoTime> Relay::deadline() const {
  if (x_state == State::closed) return std::nullopt;
  const TimeOuts& limits = x_context.time_outs;
  MonoTime at = MonoTime::max();
  if (x_response.has_output()) earlier(at, x_client_write, limits.client_write);
  switch (x_state) {
    case State::idle:
      earlier(at, x_since, limits.client_idle);
      if (x_draining) earlier(at, x_drain_since, std::min(kIdleInDrain, limits.drain));
      break;
    case State::head: earlier(at, x_since, limits.client_head); break;
    case State::exchange: exchange_deadline(at); break;
    case State::tunnel: earlier(at, std::max({x_since, x_client_wait, x_upstream_wait}), limits.tunnel_idle); break;
    case State::linger: earlier(at, x_since, kLinger); break;
    case State::answering:
    case State::closed: break;
  }
  return at == MonoTime::max() ? std::nullopt : std::optional(at);
}

void Relay::exchange_deadline(MonoTime& at) const {
  const TimeOuts& limits = x_context.time_outs;
  if (x_upstream == Upstream::connecting) return earlier(at, x_upstream_wait, limits.upstream_connect);
  if (x_upstream == Upstream::none) return;
  if (x_request.has_output()) earlier(at, x_upstream_wait, limits.upstream_idle);
  if (waits_for_body()) {
    earlier(at, x_client_wait, limits.client_body);
    earlier(at, x_rate_since, rate_window() - x_rate_waited);
  }
  if (x_exchange.response_read || x_response.has_output()) return;
  if (x_exchange.response_begun) return earlier(at, x_upstream_wait, limits.upstream_idle);
  if (x_exchange.request_sent) earlier(at, x_upstream_wait, limits.upstream_first_byte);
}

void Relay::due() {
  const std::optional<MonoTime> at = deadline();
  if (!at || *at > x_now.mono) return;
  const TimeOuts& limits = x_context.time_outs;
  if (x_response.has_output() && x_now.mono >= x_client_write + limits.client_write) {
    return client_gone(Actions::Close::abort);
  }
  if (x_state == State::head) {
    append_own_answer({408, "http_request_error"}, {.date = x_context.date.at(x_now.wall)}, x_response.head());
    x_client_write = x_now.mono;
    x_context.counters.refused.add();
    x_state = State::answering;
    return;
  }
  if (x_state != State::exchange) return client_gone(Actions::Close::close);
  exchange_due();
}

void Relay::exchange_due() {
  const TimeOuts& limits = x_context.time_outs;
  if (x_upstream == Upstream::connecting) {
    x_exchange.flags.set(http::Flag::upstream_unreachable);
    return no_response({504, "connection_timeout"}, http::Flag::upstream_timeout);
  }
  if (waits_for_body()) {
    const auto window = std::chrono::ceil<std::chrono::seconds>(rate_window()).count();
    const bool too_slow = rate_is_due() && x_rate_bytes < static_cast<std::uint64_t>(kBytesPerSecond * window);
    if (x_now.mono >= x_client_wait + limits.client_body || too_slow) {
      x_exchange.flags.set(http::Flag::client_aborted);
      x_exchange.reason = http::Reason::aborted;
      return fail({408, "http_request_error"});
    }
    if (rate_is_due()) {
      x_rate_since = x_now.mono;
      x_rate_waited = {};
      x_rate_bytes = 0;
    }
  }
  const bool waits_for_upstream = x_request.has_output() || x_exchange.request_sent || x_exchange.response_begun;
  const Duration span =
      x_request.has_output() || x_exchange.response_begun ? limits.upstream_idle : limits.upstream_first_byte;
  if (!waits_for_upstream || x_now.mono < x_upstream_wait + span) return;
  no_response({504, "http_response_timeout"}, http::Flag::upstream_timeout);
}

}  // namespace tapedeck::proxy
