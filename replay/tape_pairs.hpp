#pragma once
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"
#include "format/tape_reader.hpp"
#include "http/exchange.hpp"

namespace tapedeck::replay {

/// id: one tape was replayed from the other, or both from a third. key: equal requests, the k-th with the k-th.
enum class PairBy : std::uint8_t { id, key };

/// Method, target and body of a request as one hash; nothing without a request.
std::optional<std::uint64_t> request_key(const http::Exchange& exchange);

/// Which way two tapes pair: by id if at least half of the smaller one's ids stand on the other, too.
PairBy choose_pairing(const std::unordered_set<std::uint64_t>& primary_ids,
                      const std::unordered_set<std::uint64_t>& candidate_ids);
std::uint64_t hash_of(const http::ExchangeId& id);

enum class TapeSide : std::uint8_t { primary, candidate };

/// Two answers to one request.
struct Paired {
  http::Exchange primary, candidate;
};

/// Exchanges that wait for their partner on the other tape. Beyond `max_bytes` only their ids wait, and `reload` brings
/// them back from their tape.
class PairingTable {
 public:
  using Reload = std::function<Result<http::Exchange>(TapeSide, const http::ExchangeId&)>;
  PairingTable(std::uint64_t max_bytes, Reload reload) : x_max_bytes(max_bytes), x_reload(std::move(reload)) {}

  /// The pair it completes, if it does.
  Result<std::optional<Paired>> put(TapeSide side, std::uint64_t key, http::Exchange exchange);

  /// Those without a partner, in a fixed order.
  Result<void> drain(const std::function<void(TapeSide, http::Exchange)>& take);

  std::uint64_t bytes() const { return x_bytes; }

 private:
  struct Waiting {
    std::optional<http::Exchange> exchange;
    http::ExchangeId id;
    std::uint64_t bytes = 0;
  };
  struct Queues {
    std::deque<Waiting> waiting[2];
  };
  Result<http::Exchange> take_back(TapeSide side, Waiting waiting);

  std::uint64_t x_max_bytes;
  Reload x_reload;
  std::uint64_t x_bytes = 0;
  std::unordered_map<std::uint64_t, Queues> x_queues;
};

}  // namespace tapedeck::replay
