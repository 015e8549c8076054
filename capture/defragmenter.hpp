#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "capture/decode.hpp"

namespace tapedeck::capture {

struct DefragmentLimits {
  std::size_t bytes = 16 << 20;  // then the oldest datagram is dropped
  std::size_t fragments = 64;    // of one datagram
  Duration age = std::chrono::seconds(30);
};

/// Puts IP datagrams together from their fragments. Where fragments overlap, the first wins.
class Defragmenter {
 public:
  explicit Defragmenter(DefragmentLimits limits = {}) : x_limits(limits) {}

  /// What the whole datagram carries, once `fragment` completes it; valid until the next call.
  std::optional<Transport> take(const IpFragment& fragment, Time time);

  std::size_t bytes() const { return x_bytes; }
  std::uint64_t pieces() const;                        // held
  std::uint64_t dropped() const { return x_dropped; }  // fragments of datagrams that never became whole

 private:
  struct Key {
    http::SocketAddress source;
    http::SocketAddress destination;
    std::uint32_t identification;
    std::uint8_t protocol;
    auto operator<=>(const Key&) const = default;
  };
  struct Piece {
    std::uint32_t offset;
    std::string bytes;
  };
  struct Datagram {
    Key key;
    Time first;
    std::vector<Piece> pieces;  // by offset
    std::optional<std::uint32_t> length;
  };
  using Datagrams = std::list<Datagram>;  // oldest first

  Datagram& datagram_of(const Key& key, Time time);
  void drop(Datagrams::iterator which);
  static bool is_whole(const Datagram& datagram);
  void insert(Datagram& datagram, const IpFragment& fragment);

  DefragmentLimits x_limits;
  Datagrams x_datagrams;
  std::map<Key, Datagrams::iterator> x_by_key;
  std::string x_whole;
  std::size_t x_bytes = 0;
  std::uint64_t x_dropped = 0;
};

}  // namespace tapedeck::capture
