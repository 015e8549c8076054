#include "proxy/tee.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>

namespace tapedeck::proxy {
namespace {

using Kind = TeeRecord::Kind;
using State = TeeExchange::State;

static_assert(std::is_trivially_copyable_v<TeeRecord> && std::is_trivially_copyable_v<TeeEnd>);

constexpr std::size_t record_size(std::size_t length) { return (sizeof(TeeRecord) + length + 7) / 8 * 8; }

constexpr std::size_t kEndSize = record_size(sizeof(TeeEnd));
constexpr std::size_t kLossSize = record_size(sizeof(http::Loss));

}  // namespace

bool Tee::has_room(std::size_t bytes) { return x_ring.has_free(bytes + x_open * kEndSize); }

// The record's header, in place; the caller fills `length` bytes behind it and commits record_size(length).
std::byte* Tee::write(TeeRecord record, std::size_t length) {
  record.size = static_cast<std::uint32_t>(record_size(length));
  record.length = length;
  std::byte* at = x_ring.next();
  std::memcpy(at, &record, sizeof record);
  return at + sizeof record;
}

void Tee::commit(std::size_t bytes) {
  x_ring.commit(bytes);
  x_unannounced += bytes;
  if (x_unannounced < x_ring.capacity() / 4 || x_waker == nullptr) return;
  x_unannounced = 0;
  x_waker->wake();
}

TeeExchange Tee::begin(TeeBegin what, ConstBytes head, Time first, Time last) {
  TeeExchange exchange;
  exchange.number = x_limits.first_number + x_count++;
  const std::size_t needed = record_size(sizeof(TeeBegin)) + record_size(head.size()) + kEndSize;
  if (!has_room(needed)) {
    exchange.state = State::dropped;
    x_dropped.add();
    lose(1, head.size(), last);
    return exchange;
  }
  exchange.state = State::open;
  ++x_open;
  std::byte* at = write({.kind = Kind::begin, .exchange = exchange.number, .time = first}, sizeof(TeeBegin));
  new (at) TeeBegin(std::move(what));  // the consumer takes it out and destroys it
  commit(record_size(sizeof(TeeBegin)));
  at = write({.kind = Kind::head, .exchange = exchange.number, .time = last, .first = first}, head.size());
  std::memcpy(at, head.data(), head.size());
  commit(record_size(head.size()));
  return exchange;
}

void Tee::piece(TeeExchange& exchange, TeeRecord record, ConstBytes bytes) {
  if (exchange.state == State::open && has_room(record_size(bytes.size()))) {
    record.exchange = exchange.number;
    std::byte* const at = write(record, bytes.size());
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    commit(record_size(bytes.size()));
    return;
  }
  if (exchange.state == State::open) exchange.state = State::cut;
  lose(0, bytes.size(), record.time);
}

void Tee::response_head(TeeExchange& exchange, std::uint16_t status, ConstBytes head, Time first, Time last) {
  piece(exchange, {.kind = Kind::head, .side = http::Side::response, .status = status, .time = last, .first = first},
        head);
}

void Tee::interim(TeeExchange& exchange, ConstBytes head, Time last) {
  piece(exchange, {.kind = Kind::interim, .side = http::Side::response, .time = last}, head);
}

void Tee::trailers(TeeExchange& exchange, http::Side side, ConstBytes lines, Time last) {
  piece(exchange, {.kind = Kind::trailers, .side = side, .time = last}, lines);
}

void Tee::body(TeeExchange& exchange, http::Side side, ConstBytes bytes, Time last) {
  if (bytes.empty()) return;
  const std::size_t i = index_of(side);
  exchange.seen[i] += bytes.size();
  const std::uint64_t left = x_limits.max_body.bytes - std::min(x_limits.max_body.bytes, exchange.kept[i]);
  bytes = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size())));
  if (bytes.empty()) {
    exchange.last[i] = last;
    return;
  }
  piece(exchange, {.kind = Kind::body, .side = side, .time = last}, bytes);
  if (exchange.state == State::open) exchange.kept[i] += bytes.size();
}

// The time of the last byte belongs to the exchange even if the byte does not: an empty piece carries it.
void Tee::tell_last_bytes(TeeExchange& exchange) {
  for (const http::Side side : http::kSides) {
    const Time last = exchange.last[index_of(side)];
    if (last == Time{} || exchange.state != State::open || !has_room(record_size(0))) continue;
    piece(exchange, {.kind = Kind::body, .side = side, .time = last}, {});
  }
}

void Tee::end(TeeExchange& exchange, TeeEnd what, Time now) {
  tell_last_bytes(exchange);
  const State state = std::exchange(exchange.state, State::none);
  if (state != State::open && state != State::cut) return;
  for (const http::Side side : http::kSides) {
    const std::size_t i = index_of(side);
    what.body_length[i] = exchange.seen[i];
    if (exchange.kept[i] == exchange.seen[i]) continue;
    what.flags.set(truncated_flag(side));
  }
  if (state == State::cut) what.reason = http::Reason::capture_memory;
  --x_open;
  std::memcpy(write({.kind = Kind::end, .exchange = exchange.number, .time = now}, sizeof what), &what, sizeof what);
  commit(kEndSize);
}

void Tee::lose(std::uint64_t exchanges, std::uint64_t bytes, Time when) {
  if (x_loss.exchanges == 0 && x_loss.bytes == 0) x_loss.from = when;
  x_loss.reason = http::Reason::capture_memory;
  x_loss.exchanges += exchanges;
  x_loss.bytes += bytes;
  x_loss.to = when;
}

void Tee::mark(Time watermark) {
  if ((x_loss.exchanges != 0 || x_loss.bytes != 0) && has_room(kLossSize)) {
    const http::Loss loss = take_loss();
    std::memcpy(write({.kind = Kind::loss}, sizeof loss), &loss, sizeof loss);
    commit(kLossSize);
  }
  if (!has_room(record_size(0))) return;  // the next one will do
  write({.kind = Kind::mark, .time = watermark}, 0);
  commit(record_size(0));
}

http::Loss Tee::take_loss() { return std::exchange(x_loss, {}); }

}  // namespace tapedeck::proxy
