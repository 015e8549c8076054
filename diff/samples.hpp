#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "diff/difference.hpp"
#include "http/exchange.hpp"

namespace tapedeck::diff {

/// What the values of one cell look like: counts, and samples that do not depend on the order in which pairs come
/// (those with the smallest keys), so that merging is associative and commutative.
class ValueSamples {
 public:
  void add(const http::Exchange& primary, const Difference& difference);
  void merge(const ValueSamples& other);

  /// `generated`: all values are uuid, ulid, jwt, hex or base64 on both sides, 20 pairs, no sampled value twice.
  bool generated(std::uint64_t pairs) const;
  /// `counter`: integers that rise from request to request of a connection, on both sides, in 95 % of 19 steps or more.
  bool counter() const;

 private:
  struct Values {
    std::uint64_t primary = 0;
    std::uint64_t candidate = 0;
    auto operator<=>(const Values&) const = default;
  };
  struct Integers {
    std::int64_t primary = 0;
    std::int64_t candidate = 0;
    auto operator<=>(const Integers&) const = default;
  };
  struct Place {                   // in the recording
    std::uint64_t connection = 0;  // hash of its number, so that the smallest are a fair sample
    std::uint64_t sequence = 0;
    auto operator<=>(const Place&) const = default;
  };
  void cut();

  std::uint64_t x_seen = 0;
  std::uint64_t x_generated = 0;
  std::uint64_t x_integers = 0;
  std::map<std::uint64_t, Values> x_values;  // by hash of the exchange and the place in its answer; the 64 smallest
  std::map<Place, Integers> x_sequence;      // the 256 smallest
};

}  // namespace tapedeck::diff
