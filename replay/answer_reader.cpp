#include "replay/answer_reader.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck::replay {
namespace {

const http::ParserLimits& limits() {
  static const http::ParserLimits kLimits = http::observe_limits();
  return kLimits;
}

}  // namespace

AnswerReader::AnswerReader(http::FieldTable& table, const AnswerLimits& answer_limits)
    : x_parser(http::Side::response, http::Mode::observe, limits(), table), x_limits(answer_limits) {}

void AnswerReader::expect(const http::RequestFacts& request) {
  x_parser.answers(request);
  x_expecting = true;
  x_bytes_back = false;
  x_answer = {};
  x_body_seen = 0;
}

AnswerReader::State AnswerReader::feed(ConstBytes bytes, Time now) {
  if (!x_expecting) return State::unexpected;
  if (!x_bytes_back) {
    x_bytes_back = true;
    x_answer.response.first = now;
  }
  if (x_rest.empty()) return parse(bytes, now);
  append(x_rest, bytes);
  const std::string all = std::exchange(x_rest, {});
  return parse(as_bytes(all), now);
}

AnswerReader::State AnswerReader::parse(ConstBytes bytes, Time now) {
  for (;;) {
    const http::Event event = x_parser.next(bytes);
    switch (event.step) {
      case http::Step::need_more: append(x_rest, bytes.subspan(event.consumed)); return State::need_more;
      case http::Step::head: take_head(now); break;
      case http::Step::body: keep_body(event.bytes); break;
      case http::Step::trailers: x_answer.response.trailers = as_text(event.bytes); break;
      case http::Step::end:
        if (std::exchange(x_interim, false)) break;
        append(x_rest, bytes.subspan(event.consumed));
        x_reusable = x_parser.keeps_alive();
        return complete(now);
      case http::Step::tunnel: x_reusable = false; return complete(now);
      case http::Step::desync:
      case http::Step::rejected: return State::malformed;
    }
    bytes = bytes.subspan(event.consumed);
  }
}

AnswerReader::State AnswerReader::end_of_input(http::Ending how, Time now) {
  x_reusable = false;
  if (!x_expecting) return State::idle_end;
  if (!x_bytes_back) return State::cut;
  return x_parser.end_of_input(how).step == http::Step::end && !x_interim ? complete(now) : State::cut;
}

void AnswerReader::take_head(Time) {
  const http::Head& head = x_parser.head();
  x_interim = head.status < 200 && head.status != 101;
  if (x_interim) {
    x_answer.interim.emplace_back(head.raw);
    return;
  }
  x_answer.response.head = head.raw;
  x_answer.status = head.status;
  x_answer.version = head.version;
  if (x_parser.framing() == http::Framing::chunked) x_answer.flags.set(http::Flag::response_chunked);
  if (x_parser.framing() == http::Framing::until_close) x_answer.flags.set(http::Flag::read_to_close);
  if (x_parser.framing() == http::Framing::length && x_limits.body > 0) {
    x_answer.response.body.bytes.reserve(
        static_cast<std::size_t>(std::min(x_parser.content_length(), std::uint64_t{1} << 20)));
  }
}

void AnswerReader::keep_body(ConstBytes bytes) {
  std::string& kept = x_answer.response.body.bytes;
  x_body_seen += bytes.size();
  const std::uint64_t room = x_limits.body - std::min<std::uint64_t>(x_limits.body, kept.size());
  append(kept, bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()))));
}

AnswerReader::State AnswerReader::complete(Time now) {
  http::Body& body = x_answer.response.body;
  if (x_body_seen > 0) body.state = http::BodyState::kept;
  if (x_body_seen > body.bytes.size()) {
    body.wire_length = x_body_seen;
    x_answer.flags.set(http::Flag::response_truncated);
  }
  x_answer.response.last = now;
  x_answer.rules = x_parser.fired().names();
  x_expecting = false;
  return State::complete;
}

http::Exchange AnswerReader::take() { return std::exchange(x_answer, {}); }

}  // namespace tapedeck::replay
