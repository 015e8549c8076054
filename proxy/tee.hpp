#pragma once
#include <cstdint>
#include <memory>

#include "base/byte_size.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "http/exchange_sink.hpp"
#include "http/rules.hpp"
#include "proxy/byte_ring.hpp"
#include "proxy/counters.hpp"

namespace tapedeck::proxy {

/// What lies in a ring: a header, then `length` bytes, then padding to 8.
struct TeeRecord {
  enum class Kind : std::uint8_t { begin, head, interim, body, trailers, end, loss, mark };
  std::uint32_t size = 0;  // all of it
  Kind kind = Kind::begin;
  http::Side side = http::Side::request;
  std::uint16_t status = 0;
  std::uint64_t exchange = 0;
  Time time{};   // last byte; of a mark: the watermark
  Time first{};  // head: first byte
  std::uint64_t length = 0;
};

struct TeeBegin {
  std::shared_ptr<const http::Connection> connection;  // owners: the connection, its exchanges on their way to the sink
  std::uint32_t sequence = 0;
  http::Version version = http::Version::http_1_1;
};

struct TeeEnd {
  http::FlagSet flags{};
  http::Reason reason = http::Reason::none;
  http::RuleSet rules{};
  bool has_response = false;
  std::uint64_t body_length[2] = {0, 0};  // by side, seen on the wire; filled in by the tee
};

/// What a worker keeps of an exchange whose parts it hands on.
struct TeeExchange {
  enum class State : std::uint8_t { none, open, cut, dropped };
  std::uint64_t number = 0;
  State state = State::none;
  std::uint64_t seen[2] = {0, 0};  // body bytes by side
  std::uint64_t kept[2] = {0, 0};
  Time last[2]{};  // of a body's last byte that was not kept
};

struct TeeLimits {
  ByteSize max_body{};
  std::uint64_t first_number = 0;  // exchange numbers count from here
};

/// Told when a good deal of the ring was filled since it was told last.
struct TeeWaker {
  virtual ~TeeWaker() = default;
  virtual void wake() = 0;
};

/// A worker's end of the way to the sink: copies what was received into the ring, and never waits. An exchange takes
/// room for its end with its beginning, so its fate always arrives. Without room the exchange is dropped, or cut short
/// if the sink has its beginning. Only the worker's thread calls.
class Tee {
 public:
  Tee(ByteRing& ring, TeeLimits limits, TeeWaker* waker = nullptr) : x_ring(ring), x_limits(limits), x_waker(waker) {}

  /// An exchange whose request head is `head`.
  TeeExchange begin(TeeBegin what, ConstBytes head, Time first, Time last);
  void response_head(TeeExchange& exchange, std::uint16_t status, ConstBytes head, Time first, Time last);
  void interim(TeeExchange& exchange, ConstBytes head, Time last);
  void body(TeeExchange& exchange, http::Side side, ConstBytes piece, Time last);
  void trailers(TeeExchange& exchange, http::Side side, ConstBytes lines, Time last);
  /// The lengths and what the tee itself left out are added to `what`.
  void end(TeeExchange& exchange, TeeEnd what, Time now);

  /// No exchange that begins later has its first byte before `watermark`. Also hands on losses, once there is room.
  void mark(Time watermark);

  std::uint64_t dropped() const { return x_dropped.value(); }
  /// What is lost and not yet in the ring; for the consumer once the producer has stopped.
  http::Loss take_loss();

 private:
  void piece(TeeExchange& exchange, TeeRecord record, ConstBytes bytes);
  void tell_last_bytes(TeeExchange& exchange);
  void lose(std::uint64_t exchanges, std::uint64_t bytes, Time when);
  bool has_room(std::size_t bytes);
  std::byte* write(TeeRecord record, std::size_t length);
  void commit(std::size_t bytes);

  ByteRing& x_ring;
  const TeeLimits x_limits;
  TeeWaker* const x_waker;
  std::size_t x_unannounced = 0;
  std::uint64_t x_count = 0;
  std::uint64_t x_open = 0;  // with an end to come in the ring: x_open * kEndSize bytes are spoken for
  http::Loss x_loss;
  Counter x_dropped;
};

}  // namespace tapedeck::proxy
