#include "capture/open_exchanges.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace tapedeck::capture {

using http::Flag;
using http::Reason;

void OpenExchange::blame(Reason why) {
  if (reason == Reason::none || (http::is_loss(why) && !http::is_loss(reason))) reason = why;
  if (why == Reason::cut_off) flags.set(Flag::cut_off);
}

OpenExchange& OpenExchanges::add(StreamPosition note) {
  OpenExchange exchange;
  exchange.id = ++x_context->exchanges;
  exchange.note = note;
  x_open.push_back(std::move(exchange));
  return x_open.back();
}

OpenExchange* OpenExchanges::find(std::uint64_t id) {
  if (id == 0 || x_open.empty()) return nullptr;
  if (x_open.back().id == id) return &x_open.back();  // a request's place; a response's is in front
  const auto found = std::find_if(x_open.begin(), x_open.end(), [id](const OpenExchange& e) { return e.id == id; });
  return found == x_open.end() ? nullptr : &*found;
}

void OpenExchanges::emit(OpenExchange& exchange, decltype(http::ExchangePart::content) content, Time time) {
  exchange.last = time;
  x_context->sink.take({.exchange = exchange.id, .time = time, .content = std::move(content)});
}

void OpenExchanges::begin(OpenExchange& exchange, Time now) {
  if (!x_connection) {
    x_facts.number = ++x_context->connections;
    x_connection = std::make_shared<const http::Connection>(x_facts);
  }
  exchange.begun = true;
  emit(exchange, http::BeginPart{.connection = x_connection, .sequence = x_sequence++, .version = exchange.version},
       now);
}

void OpenExchanges::note_pipelining(const OpenExchange& added) {
  // Nothing of the server's came between the two: the second was sent before any answer.
  const auto before = std::find_if(x_open.rbegin(), x_open.rend(),
                                   [&](const OpenExchange& e) { return &e != &added && e.unanswered(); });
  if (before != x_open.rend() && before->note == added.note && added.note != 0) pipelined = true;
}

OpenExchange& OpenExchanges::open_request(StreamPosition note, const http::Head& head, Time first, Time now) {
  OpenExchange& exchange = add(note);
  note_pipelining(exchange);
  exchange.facts = http::facts_of(head);
  exchange.version = head.version;
  if (head.has_token("expect", "100-continue")) exchange.flags.set(Flag::expect_continue);
  begin(exchange, now);
  emit(exchange, http::HeadPart{.side = http::Side::request, .bytes = as_bytes(head.raw), .first = first, .status = 0},
       now);
  keep_bounded(now);
  return exchange;
}

OpenExchange& OpenExchanges::open_alone(http::Version version, Reason why, Time now) {
  OpenExchange& exchange = add(0);
  exchange.request_done = true;
  exchange.version = version;
  exchange.flags.set(Flag::request_missing);
  exchange.blame(why);
  begin(exchange, now);
  return exchange;
}

OpenExchange* OpenExchanges::answered_by(StreamPosition position, Reason passed_over, Time now) {
  const auto eligible = [&](const OpenExchange& e) { return e.unanswered() && e.note <= position; };
  auto first = std::find_if(x_open.begin(), x_open.end(), eligible);
  if (first == x_open.end()) return nullptr;
  if (!uncertain) return &*first;
  if (pipelined) {
    first->flags.set(Flag::pairing_uncertain);
    return &*first;
  }
  // Who does not pipeline asks after the whole answer before: the youngest that had not seen more is meant.
  StreamPosition youngest = 0;
  for (const OpenExchange& e : x_open) {
    if (eligible(e)) youngest = std::max(youngest, e.note);
  }
  std::size_t equals = 0;
  OpenExchange* meant = nullptr;
  for (auto next = x_open.begin(); next != x_open.end();) {
    OpenExchange& exchange = *next++;  // it may be erased
    if (!eligible(exchange)) continue;
    if (exchange.note < youngest) {
      miss_response(exchange, passed_over, now);
      continue;
    }
    ++equals;
    if (meant == nullptr) meant = &exchange;
  }
  if (equals > 1 && meant != nullptr) meant->flags.set(Flag::pairing_uncertain);
  return meant;
}

void OpenExchanges::expire(StreamPosition position, Reason why, Time now) {
  if (pipelined) return;
  for (;;) {
    const auto waits = [](const OpenExchange& e) { return e.unanswered(); };
    const auto first = std::find_if(x_open.begin(), x_open.end(), waits);
    if (first == x_open.end()) return;
    const auto second = std::find_if(std::next(first), x_open.end(), waits);
    if (second == x_open.end() || second->note > position || second->note <= first->note) return;
    miss_response(*first, why, now);
  }
}

void OpenExchanges::keep_bounded(Time now) {
  if (x_open.size() <= x_context->limits.unanswered) return;
  const auto oldest = std::find_if(x_open.begin(), x_open.end(), [](const OpenExchange& e) { return e.unanswered(); });
  if (oldest == x_open.end()) return;
  uncertain = true;
  miss_response(*oldest, Reason::unpaired, now);
}

void OpenExchanges::miss_response(OpenExchange& exchange, Reason why, Time now) {
  exchange.response_done = true;
  if (exchange.begun) {
    exchange.flags.set(Flag::response_missing);
    exchange.blame(why);
  }
  finish_if_done(exchange, now);
}

bool OpenExchanges::finish_if_done(OpenExchange& exchange, Time now) {
  if (!exchange.request_done || !exchange.response_done) return false;
  if (exchange.begun) {
    if (!exchange.rules.empty()) exchange.flags.set(Flag::malformed);
    const std::string rules = exchange.rules.names();
    emit(exchange,
         http::EndPart{.flags = exchange.flags,
                       .reason = exchange.reason,
                       .request_body_length = exchange.request_body,
                       .response_body_length = exchange.response_body,
                       .rules = rules},
         now);
  } else if (http::is_loss(exchange.reason)) {
    // A request that was recognised, but neither its head nor an answer came: nothing of it can be on the tape.
    x_context->sink.lost({.reason = exchange.reason,
                          .exchanges = 1,
                          .bytes = exchange.lost_bytes,
                          .packets = 0,
                          .from = exchange.last,
                          .to = now});
  }
  x_open.remove_if([&](const OpenExchange& e) { return &e == &exchange; });
  return true;
}

}  // namespace tapedeck::capture
