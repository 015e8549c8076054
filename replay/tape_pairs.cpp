#include "replay/tape_pairs.hpp"

#include <algorithm>
#include <vector>

#include <xxhash.h>

namespace tapedeck::replay {
namespace {

std::size_t at(TapeSide side) { return static_cast<std::size_t>(side); }

TapeSide other(TapeSide side) { return side == TapeSide::primary ? TapeSide::candidate : TapeSide::primary; }

std::uint64_t bytes_of(const http::Message& message) {
  return message.head.size() + message.trailers.size() + message.body.bytes.size();
}

std::uint64_t bytes_of(const http::Exchange& exchange) {
  return sizeof(http::Exchange) + bytes_of(exchange.request) + bytes_of(exchange.response);
}

}  // namespace

std::optional<std::uint64_t> request_key(const http::Exchange& exchange) {
  if (!exchange.has_request()) return std::nullopt;
  const auto [method, target] = http::request_line_of(exchange.request.head);
  std::string text(method);
  ((text += ' ') += target) += '\n';
  const std::string& body = exchange.request.body.bytes;
  const std::uint64_t hash = XXH3_64bits(body.data(), body.size());
  text += std::to_string(hash) + exchange.request.body.sha256;
  return XXH3_64bits(text.data(), text.size());
}

std::uint64_t hash_of(const http::ExchangeId& id) {
  std::string bytes(reinterpret_cast<const char*>(id.recording.data()), id.recording.size());
  bytes += std::to_string(id.ordinal);
  return XXH3_64bits(bytes.data(), bytes.size());
}

PairBy choose_pairing(const std::unordered_set<std::uint64_t>& primary_ids,
                      const std::unordered_set<std::uint64_t>& candidate_ids) {
  const auto& smaller = primary_ids.size() <= candidate_ids.size() ? primary_ids : candidate_ids;
  const auto& larger = primary_ids.size() <= candidate_ids.size() ? candidate_ids : primary_ids;
  const auto both = static_cast<std::size_t>(
      std::count_if(smaller.begin(), smaller.end(), [&](std::uint64_t id) { return larger.contains(id); }));
  return both != 0 && 2 * both >= smaller.size() ? PairBy::id : PairBy::key;
}

Result<http::Exchange> PairingTable::take_back(TapeSide side, Waiting waiting) {
  x_bytes -= waiting.bytes;
  if (waiting.exchange) return *std::move(waiting.exchange);
  return x_reload(side, waiting.id);
}

Result<std::optional<Paired>> PairingTable::put(TapeSide side, std::uint64_t key, http::Exchange exchange) {
  Queues& queues = x_queues[key];
  auto& partners = queues.waiting[at(other(side))];
  if (partners.empty()) {
    Waiting waiting{std::nullopt, exchange.id, 0};
    if (const std::uint64_t bytes = bytes_of(exchange); x_bytes + bytes <= x_max_bytes) {
      waiting.bytes = bytes;
      waiting.exchange = std::move(exchange);
      x_bytes += bytes;
    }
    queues.waiting[at(side)].push_back(std::move(waiting));
    return std::optional<Paired>();
  }
  auto partner = take_back(other(side), std::move(partners.front()));
  partners.pop_front();
  if (queues.waiting[0].empty() && queues.waiting[1].empty()) x_queues.erase(key);
  if (!partner) return partner.error();
  Paired pair{std::move(exchange), *std::move(partner)};
  if (side == TapeSide::candidate) std::swap(pair.primary, pair.candidate);
  return std::optional<Paired>(std::move(pair));
}

Result<void> PairingTable::drain(const std::function<void(TapeSide, http::Exchange)>& take) {
  for (const TapeSide side : {TapeSide::primary, TapeSide::candidate}) {
    std::vector<Waiting> left;
    for (auto& [key, queues] : x_queues) {
      for (Waiting& waiting : queues.waiting[at(side)]) left.push_back(std::move(waiting));
    }
    std::sort(left.begin(), left.end(), [](const Waiting& a, const Waiting& b) { return a.id < b.id; });
    for (Waiting& waiting : left) {
      auto exchange = take_back(side, std::move(waiting));
      if (!exchange) return exchange.error();
      take(side, *std::move(exchange));
    }
  }
  x_queues.clear();
  return {};
}

}  // namespace tapedeck::replay
