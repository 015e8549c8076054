#pragma once
#include <array>
#include <string>

#include "base/bytes.hpp"
#include "http/forwarding.hpp"
#include "replay/planned_request.hpp"
#include "replay/replay.hpp"

namespace tapedeck::replay {

struct WireOptions {
  ConnectionMode connections = ConnectionMode::recorded;
  http::HostHeader host = http::HostHeader::keep;
  std::string authority;  // of the target, for HostHeader::target
};

/// The bytes to send for a recorded request. With recorded connections the head is the recorded one, byte for byte; in
/// the other modes connections are ours, and so are the fields that speak of them. A body recorded chunked goes out as
/// one chunk (a tape keeps no chunk borders).
WireBytes wire_bytes(const http::Exchange& recorded, const WireOptions& options);

/// What to write, in order.
std::array<ConstBytes, 4> pieces_of(const PlannedRequest& request);

/// What the parser of the answer must know of it.
http::RequestFacts facts_of(const http::Exchange& recorded);

}  // namespace tapedeck::replay
