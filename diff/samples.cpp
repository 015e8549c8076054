#include "diff/samples.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>
#include <string>

#include <xxhash.h>

namespace tapedeck::diff {
namespace {

constexpr std::size_t kValues = 64;
constexpr std::size_t kSteps = 256;
constexpr std::uint64_t kMinPairs = 20;

/// A JSON integer, or a text of digits.
std::optional<std::int64_t> integer_of(std::string_view shown) {
  if (shown.size() >= 2 && shown.front() == '"' && shown.back() == '"') shown = shown.substr(1, shown.size() - 2);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(shown.data(), shown.data() + shown.size(), number);
  if (error != std::errc{} || end != shown.data() + shown.size()) return std::nullopt;
  return number;
}

std::uint64_t hash_of(const http::ExchangeId& id, std::string_view pointer) {
  std::string bytes(reinterpret_cast<const char*>(id.recording.data()), id.recording.size());
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(id.ordinal >> shift & 0xFF);
  bytes += pointer;
  return XXH3_64bits(bytes.data(), bytes.size());
}

template <class Map>
void keep_smallest(Map& map, std::size_t most) {
  while (map.size() > most) map.erase(std::prev(map.end()));
}

/// One key seen twice (a request sent again in a later pass): the smaller value, so that the order does not matter.
template <class Map, class Key, class Value>
void put(Map& map, const Key& key, const Value& value) {
  const auto [at, is_new] = map.emplace(key, value);
  if (!is_new) at->second = std::min(at->second, value);
}

}  // namespace

void ValueSamples::add(const http::Exchange& primary, const Difference& difference) {
  ++x_seen;
  const bool generated =
      difference.kind == Kind::value && is_generated(difference.primary_class) && !difference.from_request;
  if (generated) {
    ++x_generated;
    put(x_values, hash_of(primary.id, difference.pointer), Values{difference.primary_hash, difference.candidate_hash});
  }
  const auto left = difference.kind == Kind::value ? integer_of(difference.primary) : std::nullopt;
  const auto right = left ? integer_of(difference.candidate) : std::nullopt;
  if (right && primary.connection) {
    ++x_integers;
    const std::uint64_t number = primary.connection->number;
    put(x_sequence, Place{XXH3_64bits(&number, sizeof number), primary.sequence}, Integers{*left, *right});
  }
  cut();
}

void ValueSamples::merge(const ValueSamples& other) {
  x_seen += other.x_seen;
  x_generated += other.x_generated;
  x_integers += other.x_integers;
  for (const auto& [key, value] : other.x_values) put(x_values, key, value);
  for (const auto& [key, value] : other.x_sequence) put(x_sequence, key, value);
  cut();
}

void ValueSamples::cut() {
  keep_smallest(x_values, kValues);
  keep_smallest(x_sequence, kSteps);
}

bool ValueSamples::generated(std::uint64_t pairs) const {
  if (pairs < kMinPairs || x_generated != x_seen) return false;
  std::set<std::uint64_t> seen;
  return std::all_of(x_values.begin(), x_values.end(), [&](const auto& sample) {
    return seen.insert(sample.second.primary).second && seen.insert(sample.second.candidate).second;
  });
}

bool ValueSamples::counter() const {
  if (x_integers != x_seen) return false;
  std::uint64_t steps = 0;
  std::uint64_t rising = 0;
  const std::pair<const Place, Integers>* before = nullptr;
  for (const auto& now : x_sequence) {
    if (before != nullptr && before->first.connection == now.first.connection) {
      ++steps;
      if (before->second.primary < now.second.primary && before->second.candidate < now.second.candidate) ++rising;
    }
    before = &now;
  }
  return steps + 1 >= kMinPairs && rising * 100 >= steps * 95;
}

}  // namespace tapedeck::diff
