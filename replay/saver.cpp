#include "replay/saver.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck::replay {
namespace {

std::optional<std::uint64_t> length_of(const http::Body& body) {
  if (body.wire_length) return body.wire_length;
  return body.bytes.size();
}

void feed_message(http::ExchangeSink& sink, std::uint64_t number, http::Side side, const http::Exchange& exchange) {
  const http::Message& message = message_of(exchange, side);
  const std::uint16_t status = side == http::Side::response ? exchange.status : std::uint16_t{0};
  sink.take({number, message.first, http::HeadPart{side, as_bytes(message.head), message.first, status}});
  if (!message.body.bytes.empty())
    sink.take({number, message.last, http::BodyPart{side, as_bytes(message.body.bytes)}});
  if (!message.trailers.empty())
    sink.take({number, message.last, http::TrailersPart{side, as_bytes(message.trailers)}});
}

}  // namespace

void feed(http::ExchangeSink& sink, std::uint64_t number, const http::Exchange& exchange) {
  sink.take({number, exchange.request.first,
             http::BeginPart{exchange.connection, exchange.sequence, exchange.stream, exchange.version}});
  feed_message(sink, number, http::Side::request, exchange);
  for (const std::string& interim : exchange.interim)
    sink.take({number, exchange.response.first, http::InterimPart{as_bytes(interim)}});
  feed_message(sink, number, http::Side::response, exchange);
  sink.take({number, exchange.response.last,
             http::EndPart{exchange.flags, exchange.reason, length_of(exchange.request.body),
                           length_of(exchange.response.body), exchange.rules}});
}

Saver::Saver(http::ExchangeSink& sink, unsigned workers, std::size_t queue_bytes, QueueFull when_full)
    : x_sink(&sink), x_queue(queue_bytes), x_when_full(when_full), x_oldest_open(workers, Time{}) {
  x_thread = std::thread([this] { work(); });
}

Saver::~Saver() { finish(); }

bool Saver::take(unsigned worker, AnsweredPtr answered) {
  const std::size_t cost = answered->bytes();
  Item item{worker, std::move(answered)};
  return x_when_full == QueueFull::wait ? x_queue.push(std::move(item), cost) : x_queue.try_push(std::move(item), cost);
}

void Saver::work() {
  while (auto item = x_queue.pop()) {
    const Answered& answered = *item->answered;
    http::Exchange exchange = answered.live;
    if (!exchange.connection) exchange.connection = std::make_shared<const http::Connection>();
    exchange.request.body = answered.request->recorded.request.body;
    exchange.request.trailers = answered.request->recorded.request.trailers;
    feed(*x_sink, x_next++, exchange);
    advance(*item);
  }
}

void Saver::advance(const Item& item) {
  x_oldest_open[item.worker] = item.answered->oldest_open;
  x_sink->advance(std::ranges::min(x_oldest_open));
}

void Saver::finish() {
  x_queue.close();
  if (x_thread.joinable()) x_thread.join();
}

}  // namespace tapedeck::replay
