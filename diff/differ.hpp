#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "diff/difference.hpp"
#include "http/exchange.hpp"

namespace tapedeck::diff {

/// full: by structure. bytes: status, headers, wire bytes. off: nothing.
enum class Compare : std::uint8_t { full, bytes, off };

struct DifferLimits {
  std::uint64_t decoded_body = 64u << 20;
  std::uint64_t tree_body = 16u << 20;
  std::size_t tree_nodes = 1u << 20;
  std::size_t depth = 512;
  std::size_t differences = 256;  // a pair
};

/// How a side of a pair came out: `cut` by the recorder's cap, `broken` if it ended early, `none` without an answer.
enum class SideState : std::uint8_t { complete, cut, broken, none };
SideState response_state(const http::Exchange& exchange);

/// Compares two answers to the same request. Pure; one a thread.
class Differ {
 public:
  explicit Differ(Compare compare = Compare::full, DifferLimits limits = {});
  /// The requests' own hosts are learnt from the exchanges; more names of each side, such as the address a replay talks
  /// to.
  void add_own_hosts(std::vector<std::string> primary, std::vector<std::string> candidate);
  PairResult compare(const http::Exchange& primary, const http::Exchange& candidate) const;

 private:
  Compare x_compare;
  DifferLimits x_limits;
  std::uint64_t x_seed;  // of the hashes that prove equality: random, so that no answer can be made to collide
  std::vector<std::string> x_primary_hosts, x_candidate_hosts;
};

}  // namespace tapedeck::diff
