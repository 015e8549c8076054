#include <charconv>

#include "proxy/relay.hpp"

// The upstream's side of an exchange: from bytes to what goes to the client.
namespace tapedeck::proxy {
namespace {

const http::ParserLimits& response_limits() {
  static const http::ParserLimits limits = http::strict_response_limits();
  return limits;
}

// `Keep-Alive: timeout=5`: a second less, so that we close first.
std::optional<Duration> keep_alive_of(const http::Head& head) {
  constexpr std::string_view kName = "timeout=";
  const auto value = head.find("keep-alive");
  const std::size_t at = value ? value->find(kName) : std::string_view::npos;
  if (at == std::string_view::npos) return std::nullopt;
  unsigned seconds = 0;
  const char* begin = value->data() + at + kName.size();
  if (std::from_chars(begin, value->data() + value->size(), seconds).ec != std::errc()) return std::nullopt;
  return std::chrono::seconds(seconds == 0 ? 0 : seconds - 1);
}

// A message with two readings may have left the connection where only one of them ends.
bool leaves_doubt(http::RuleSet fired) {
  using http::Rule;
  for (const Rule rule : {Rule::coding_and_length, Rule::length_repeated, Rule::chunk_end, Rule::bare_lf, Rule::bare_cr,
                          Rule::obs_fold, Rule::space_before_colon, Rule::bodyless_fields, Rule::field_value}) {
    if (fired.has(rule)) return true;
  }
  return false;
}

}  // namespace

void Relay::upstream_bytes() {
  x_upstream_wait = x_now.mono;
  if (x_state == State::tunnel) return;
  if (x_state != State::exchange) return x_response.drop_unparsed();
  if (!x_exchange.response_begun) {
    x_exchange.response_begun = true;
    x_exchange.response_first = x_now.wall;
    x_request.hold(false);
    x_response_parser.emplace(http::Side::response, http::Mode::strict, response_limits(), x_response_fields);
    x_response_parser->answers(x_exchange.facts);
  }
  pump_response();
}

void Relay::pump_response() {
  if (x_response.has_output() || x_exchange.response_read || x_exchange.own_answer || !x_exchange.response_begun)
    return;
  while (true) {
    const http::Event event = x_response_parser->next(x_response.unparsed());
    if (!response_event(event)) break;
  }
  if (x_state == State::exchange && !x_exchange.own_answer) close_response_batch();
  x_client_write = x_now.mono;
}

bool Relay::response_event(const http::Event& event) {
  switch (event.step) {
    case http::Step::head: response_head(event); return true;
    case http::Step::body:
      x_context.tee.body(x_exchange.tee, http::Side::response, event.bytes, x_now.wall);
      x_response.put_body(event.bytes);
      x_response.consume(event.consumed);
      return true;
    case http::Step::trailers:
      x_context.tee.trailers(x_exchange.tee, http::Side::response, event.bytes, x_now.wall);
      append(x_response_trailers, event.bytes);
      x_response.consume(event.consumed);
      return true;
    case http::Step::end:
      x_response.consume(event.consumed);
      x_exchange.response_read = x_exchange.response_head;
      return !x_exchange.response_head;  // behind an interim head comes another
    case http::Step::need_more: x_response.consume(event.consumed); return false;
    case http::Step::tunnel:
      x_response.consume(event.consumed);
      if (!x_exchange.request_sent) break;
      start_tunnel();
      return false;
    case http::Step::desync:
    case http::Step::rejected: break;
  }
  bad_response();
  return false;
}

void Relay::response_head(const http::Event& event) {
  const http::Head& head = x_response_parser->head();
  if (head.status < 200 && head.status != 101) {
    interim_head(head);
    x_response.consume(event.consumed);
    x_exchange.response_first = x_now.wall;  // of the next head
    return;
  }
  x_exchange.response_head = true;
  x_context.tee.response_head(x_exchange.tee, head.status, event.bytes, x_exchange.response_first, x_now.wall);
  const http::Framing framing = x_response_parser->framing();
  if (framing == http::Framing::chunked) x_exchange.flags.set(http::Flag::response_chunked);
  if (framing == http::Framing::until_close) x_exchange.flags.set(http::Flag::read_to_close);
  if (!x_exchange.request_sent) x_exchange.flags.set(http::Flag::early_response);
  x_exchange.upstream_keeps = x_response_parser->keeps_alive() && framing != http::Framing::until_close;
  x_exchange.keep_for = keep_alive_of(head);
  x_exchange.client_stays = client_may_stay();
  const http::Rebuilt rebuilt =
      http::rebuild_response(head, framing, x_response_parser->content_length(), x_exchange.facts,
                             x_exchange.client_stays, x_context.date.at(x_now.wall), x_response.head());
  x_exchange.response_out = rebuilt.body;
  if (rebuilt.body == http::BodyOut::until_close) x_exchange.client_stays = false;
  x_response.consume(event.consumed);
}

bool Relay::client_may_stay() const {
  const http::Framing framing = x_response_parser->framing();
  const bool measured = framing == http::Framing::none || framing == http::Framing::length;
  const bool framable = measured || x_exchange.facts.version != http::Version::http_1_0;
  return x_exchange.client_keeps && x_exchange.request_sent && framable && !x_draining && !x_client_ended;
}

void Relay::interim_head(const http::Head& head) {
  x_context.tee.interim(x_exchange.tee, as_bytes(head.raw), x_now.wall);
  if (x_exchange.facts.version == http::Version::http_1_0) return;
  http::rebuild_response(head, http::Framing::none, 0, x_exchange.facts, true, x_context.date.at(x_now.wall),
                         x_response.head());
}

void Relay::close_response_batch() {
  const bool chunked = x_exchange.response_out == http::BodyOut::chunked;
  if (chunked) x_response.frame_as_chunk();
  if (!x_exchange.response_read) return;
  if (chunked) http::append_last_chunk(as_bytes(x_response_trailers), x_response.tail());
  x_response_trailers.clear();
  x_exchange.response_formed = true;
  const http::RuleSet fired = x_response_parser->fired();
  x_exchange.rules = x_exchange.rules | fired;
  if (leaves_doubt(fired) || x_response.has_unparsed() || x_upstream_ended) x_exchange.upstream_keeps = false;
  x_response.drop_unparsed();
}

void Relay::response_ended(http::Ending how) {
  if (x_exchange.response_read) {
    x_exchange.upstream_keeps = false;
    return;
  }
  if (!x_exchange.response_begun) {
    if (can_retry()) return retry();
    return no_response({502, "connection_terminated"}, http::Flag::upstream_aborted);
  }
  const http::Event event = x_response_parser->end_of_input(how);
  if (event.step != http::Step::end) {
    if (!x_exchange.response_head) return no_response({502, "http_response_incomplete"}, http::Flag::upstream_aborted);
    x_exchange.flags.set(http::Flag::upstream_aborted);
    return fail({502, "http_response_incomplete"});
  }
  x_exchange.response_read = true;
  close_response_batch();
  if (x_response.has_output()) x_client_write = x_now.mono;
}

}  // namespace tapedeck::proxy
