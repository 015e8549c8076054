#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

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

  /// First request byte of the oldest open exchange.
  std::optional<Time> oldest_open() const;
  std::uint64_t bytes() const { return x_bytes; }  // held by open exchanges, heads and bodies
  std::size_t open_count() const { return x_open.size(); }
  /// All that are open, ended now as `reason` with the cut_off flag.
  std::vector<Exchange> finish(Reason reason);

 private:
  struct Open {
    Exchange exchange;
    std::uint64_t seen[2] = {0, 0};  // body bytes by side
  };
  void apply(Open& open, const ExchangePart& part);
  Exchange close(Open&& open, const EndPart& end);

  std::uint64_t x_max_body;
  std::uint64_t x_bytes = 0;
  std::map<std::uint64_t, Open> x_open;
};

}  // namespace tapedeck::http
