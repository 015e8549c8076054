#pragma once
#include "base/time.hpp"
#include "net/socket.hpp"

namespace tapedeck::net {

/// Whether somebody accepts connections there; waits for the answer that long.
bool accepts_connections(const Endpoint& endpoint, Duration wait);

}  // namespace tapedeck::net
