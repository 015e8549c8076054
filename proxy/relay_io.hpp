#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace tapedeck::proxy {

/// The two sides of a relay.
enum class End : std::uint8_t { client, upstream };

struct Now {
  MonoTime mono{};
  Time wall{};
};

enum class ConnectFailure : std::uint8_t { none, refused, no_address };

/// What happened.
struct Input {
  enum class Kind : std::uint8_t {
    bytes,           // `bytes` were read into room(end)
    written,         // `bytes` of output(end) are on their way
    ended,           // FIN of `end`
    broken,          // `end` was reset
    write_failed,    // `end` takes no more
    connected,       // an upstream connection is there; `pooled`: it was used before
    connect_failed,  // none can be had: `why`
    due,             // the deadline passed
    draining,        // the proxy is going to stop
    cut,             // it stops now
  };
  Kind kind = Kind::bytes;
  End end = End::client;
  std::size_t bytes = 0;
  bool pooled = false;
  ConnectFailure why = ConnectFailure::none;
};

/// What to do about it: the first group once, in this order; the rest holds until the next input.
struct Actions {
  enum class Release : std::uint8_t { none, keep, discard };
  enum class Connect : std::uint8_t {
    none,
    any,     // pooled or new
    recent,  // pooled only if used within the last second: the request must not be lost to a closing connection
    fresh,   // new
  };
  enum class Close : std::uint8_t { none, close, abort };
  Release release = Release::none;   // the upstream connection, or the attempt to get one
  std::optional<Duration> keep_for;  // the upstream said so
  Connect connect = Connect::none;
  bool finish_upstream = false;  // no more bytes will go there
  bool finish_client = false;
  Close close_client = Close::none;

  bool write_upstream = false;
  bool write_client = false;
  bool read_upstream = false;
  bool read_client = false;
  std::optional<MonoTime> deadline;
};

}  // namespace tapedeck::proxy
