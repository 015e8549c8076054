#pragma once
#include <cstdint>

#include "base/bytes.hpp"
#include "base/time.hpp"

// What TCP reassembly hands up: bytes and holes of the two directions of a connection, by position.
namespace tapedeck::capture {

/// One of the two directions of a flow. Which one is the client's is not known here.
enum class Direction : std::uint8_t { forward, backward };
constexpr Direction other(Direction direction) {
  return direction == Direction::forward ? Direction::backward : Direction::forward;
}
constexpr std::size_t index(Direction direction) { return static_cast<std::size_t>(direction); }

/// A place in a direction's bytes. Its low 32 bits are the TCP sequence number; it never wraps.
using StreamPosition = std::uint64_t;

/// Now, in capture time.
struct Tick {
  std::uint64_t packet = 0;  // its number
  Time clock{};
};

enum class GapReason : std::uint8_t {
  wire,      // the receiver acknowledged the bytes: they were there, we never saw them
  given_up,  // closed without that proof
  snaplen,   // cut off by the snapshot length
};

enum class EndReason : std::uint8_t {
  fin,
  reset,       // by the sender of this direction
  peer_reset,  // by its receiver
  cut_off,     // the capture ended, or nothing came for long
  evicted,     // given up for want of room
};

/// Bytes of one captured segment, or what is new in it.
struct Piece {
  StreamPosition position = 0;
  ConstBytes bytes;               // valid during the call only
  Time time{};                    // of the packet
  StreamPosition peer_acked = 0;  // how much of the other direction its sender had; 0: it does not say
  bool inconsistent = false;      // other bytes were seen for some of the same range
};

/// Where the two directions go. Positions of a direction are continuous from start() to end().
struct StreamSink {
  virtual ~StreamSink() = default;
  /// `syn`: the connection's beginning was seen, else this is where the capture came in.
  virtual void start(Direction direction, StreamPosition position, bool syn) = 0;
  virtual void bytes(Direction direction, const Piece& piece) = 0;
  virtual void gap(Direction direction, StreamPosition position, std::uint64_t length, GapReason reason, Time now) = 0;
  virtual void end(Direction direction, EndReason reason, Time now) = 0;
  /// Bytes already handed up came again and were different.
  virtual void inconsistent(Direction direction) = 0;
};

}  // namespace tapedeck::capture
