#pragma once
#include <cstddef>
#include <span>

#include <boost/asio/generic/stream_protocol.hpp>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "http/exchange.hpp"

namespace tapedeck::net {

/// TCP or Unix.
using Socket = boost::asio::generic::stream_protocol::socket;
using Endpoint = boost::asio::generic::stream_protocol::endpoint;

enum class Io { done, would_block, end, failed };
struct IoResult {
  Io io = Io::done;
  std::size_t bytes = 0;
  error_code error;
};

/// The most pieces that one write takes.
inline constexpr std::size_t kMaxPieces = 4;

IoResult read_some(Socket& socket, Bytes into);
/// One gathered write; empty pieces are left out.
IoResult write_some(Socket& socket, std::span<const ConstBytes> pieces);
/// Non-blocking, no Nagle delay, TCP keepalive after 60 s (3 probes 10 s apart).
error_code prepare(Socket& socket);
void shutdown_send(Socket& socket);
/// Closes so that the peer sees a reset: what it has is not to be taken for whole.
void close_abortively(Socket& socket);
void close(Socket& socket);

/// Unknown for a Unix socket.
http::SocketAddress address_of(const Endpoint& endpoint);
http::SocketAddress local_address(const Socket& socket);

}  // namespace tapedeck::net
