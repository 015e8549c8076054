#pragma once
#include <string>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/exchange.hpp"
#include "http/url.hpp"
#include "replay/account.hpp"

namespace tapedeck::replay {

using StreamProtocol = boost::asio::generic::stream_protocol;

/// Where a replay connects to, resolved once.
struct Target {
  http::Origin origin;
  std::vector<StreamProtocol::endpoint> endpoints;  // as the resolver ordered them
  std::vector<http::SocketAddress> addresses;       // the same; empty for a Unix socket
};

/// An error names the target and what to do.
Result<Target> resolve(const http::Origin& origin);

/// One connection before the run: keeps the first endpoint that accepts, alone. An error names the target and what to
/// do.
Result<void> try_connection(Target& target, Duration connect_timeout);

/// How a failed connect or a broken connection counts.
FailReason reason_of(const boost::system::error_code& failure);

/// Raises the limit of open files to its hard limit; an error if fewer than `needed` are allowed.
Result<void> allow_descriptors(std::size_t needed);

}  // namespace tapedeck::replay
