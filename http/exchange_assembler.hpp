#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "http/exchange_sink.hpp"

namespace tapedeck::http {

/// Puts parts together into whole exchanges. Keeps at most `max_body` bytes of each body (then the truncated flag and
/// the true length are set). Memory: the open exchanges. Not thread-safe.
class ExchangeAssembler {
 public:
  explicit ExchangeAssembler(std::uint64_t max_body) : x_max_body(max_body) {}

  /// The whole exchange when `part` is its end; its id is left empty.
  std::optional<Exchange> take(const ExchangePart& part);

  /// Gives up what an exchange holds; later parts of it are ignored up to its end. False if it is not open.
  bool forget(std::uint64_t exchange);

  /// Frees bodies, largest first, until at most `target` bytes are held or only small ones are left. Such a body is
  /// `omitted` because of capture_memory and its exchange ends with that reason, unless the end brings one.
  void omit_bodies(std::uint64_t target);
  /// What omit_bodies could free at most.
  std::uint64_t omittable() const { return x_omittable; }

  bool is_open(std::uint64_t exchange) const { return x_open.contains(exchange); }
  /// What is known of an open exchange so far; null if it is not open. Valid until the next call that changes it.
  const Exchange* find(std::uint64_t exchange) const;

  /// Body bytes that are held of an open exchange's side, and when the first of them came.
  struct HeldBody {
    std::uint64_t bytes = 0;
    Time since{};
  };
  HeldBody held(std::uint64_t exchange, Side side) const;
  /// Takes body bytes out of an open exchange, from the front: at most `limit`. The exchange goes on with what is
  /// behind them; its gaps and lengths still count from the body's start.
  std::string take_body(std::uint64_t exchange, Side side, std::uint64_t limit);
  /// Whether all of an open exchange's request is here, as far as its head tells: of a chunked body nobody knows.
  bool request_is_whole(std::uint64_t exchange) const;

  /// All that are open, with the first byte of each: of the request; of one without a head that of its begin.
  void for_each_open(const std::function<void(std::uint64_t exchange, Time first)>& visit) const;
  /// First request byte of the oldest open exchange; an exchange without a head counts by its begin.
  std::optional<Time> oldest_open() const;
  std::uint64_t bytes() const { return x_bytes; }  // held by open exchanges, heads and bodies
  std::size_t open_count() const { return x_open.size(); }
  /// All that are open, ended now as `reason` with the cut_off flag.
  std::vector<Exchange> finish(Reason reason);
  /// One of them; nothing if it is not open.
  std::optional<Exchange> finish(std::uint64_t exchange, Reason reason);

 private:
  struct Open {
    Exchange exchange;
    Time begun{};
    std::optional<Time> first[2];       // by side: of the head's first byte
    std::optional<Time> held_since[2];  // of the first body byte that is held
    std::uint64_t seen[2] = {0, 0};     // body bytes by side
    std::uint64_t taken[2] = {0, 0};    // of these by take_body()
    bool keeping[2] = {true, true};     // whether further body bytes are kept
    std::uint64_t held = 0;             // what of x_bytes is this exchange's
    std::uint64_t omittable = 0;        // what of x_omittable is
  };
  using OpenMap = std::map<std::uint64_t, Open>;

  void apply(Open& open, const ExchangePart& part);
  void add_body(Open& open, Side side, ConstBytes bytes);
  void add_gap(Open& open, Side side, std::uint64_t length);
  static Time first_of(const Open& open);
  static void close_body(Open& open, Side side, std::optional<std::uint64_t> length);
  void settle(Open& open);
  void release(const Open& open);
  Exchange close(OpenMap::iterator position, const EndPart& end);

  std::uint64_t x_max_body;
  std::uint64_t x_bytes = 0;
  std::uint64_t x_omittable = 0;
  OpenMap x_open;
};

}  // namespace tapedeck::http
