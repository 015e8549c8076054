#include "replay/target.hpp"

#include <algorithm>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "base/open_files.hpp"

namespace tapedeck::replay {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

http::SocketAddress address_of(const tcp::endpoint& endpoint) {
  http::SocketAddress address;
  address.port = endpoint.port();
  const auto copy = [&address](const auto& bytes) {
    address.size = static_cast<std::uint8_t>(bytes.size());
    std::ranges::copy(bytes, address.bytes.begin());
  };
  endpoint.address().is_v4() ? copy(endpoint.address().to_v4().to_bytes())
                             : copy(endpoint.address().to_v6().to_bytes());
  return address;
}

error_code connect_once(const StreamProtocol::endpoint& endpoint, Duration limit) {
  asio::io_context io(1);
  StreamProtocol::socket socket(io);
  error_code result = asio::error::timed_out;
  socket.async_connect(endpoint, [&result](const error_code& ec) {
    if (ec != asio::error::operation_aborted) result = ec;
  });
  io.run_for(limit);
  return result;
}

}  // namespace

Result<Target> resolve(const http::Origin& origin) {
  Target target;
  target.origin = origin;
  if (origin.scheme == "https")
    return make_error(fmt::format("cannot replay to {}: only http targets can be spoken to", origin.text()));
  if (!origin.unix_path.empty()) {
    if (origin.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
      return make_error(fmt::format("{}: the path is too long for a socket; use one of at most {} bytes", origin.text(),
                                    sizeof(sockaddr_un::sun_path) - 1));
    }
    target.endpoints.emplace_back(asio::local::stream_protocol::endpoint(origin.unix_path));
    return target;
  }
  asio::io_context io(1);
  tcp::resolver resolver(io);
  error_code ec;
  const auto found = resolver.resolve(origin.host, std::to_string(origin.port), tcp::resolver::numeric_service, ec);
  if (ec) {
    return make_error(
        ec, fmt::format("cannot resolve the target {}: {}; check the name in --target", origin.text(), ec.message()));
  }
  for (const auto& entry : found) {
    target.endpoints.emplace_back(entry.endpoint());
    target.addresses.push_back(address_of(entry.endpoint()));
  }
  return target;
}

Result<void> try_connection(Target& target, Duration connect_timeout) {
  error_code last;
  for (const StreamProtocol::endpoint& endpoint : target.endpoints) {
    last = connect_once(endpoint, connect_timeout);
    if (last) continue;
    target.endpoints = {endpoint};
    return {};
  }
  return make_error(last, fmt::format("cannot connect to the target {}: {}; start it, or correct --target",
                                      target.origin.text(), last.message()));
}

FailReason reason_of(const boost::system::error_code& failure) {
  namespace errc = boost::system::errc;
  if (failure == asio::error::timed_out) return FailReason::connect_timeout;
  if (failure == asio::error::host_unreachable || failure == asio::error::network_unreachable)
    return FailReason::unreachable;
  for (const auto ours : {errc::too_many_files_open, errc::too_many_files_open_in_system, errc::no_buffer_space,
                          errc::address_not_available, errc::not_enough_memory}) {
    if (failure == ours) return FailReason::generator;
  }
  if (failure == asio::error::connection_reset || failure == asio::error::broken_pipe) return FailReason::reset;
  return FailReason::refused;
}

Result<void> allow_descriptors(std::size_t needed) {
  const std::uint64_t allowed = raise_open_files_limit();
  if (allowed >= needed) return {};
  return make_error(
      fmt::format("{} open files are allowed, {} are needed; raise the limit (ulimit -n) or lower --max-in-flight",
                  allowed, needed));
}

}  // namespace tapedeck::replay
