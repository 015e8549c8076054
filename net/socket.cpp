#include "net/socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace tapedeck::net {
namespace {

IoResult failure() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {Io::would_block, 0, {}};
  return {Io::failed, 0, error_code(errno, boost::system::system_category())};
}

void set_option(int socket, int level, int name, int value) {
  // Without it the connection works all the same, only slower or with dead peers noticed later.
  [[maybe_unused]] const int rc = ::setsockopt(socket, level, name, &value, sizeof value);
}

}  // namespace

IoResult read_some(Socket& socket, Bytes into) {
  while (true) {
    const ssize_t n = ::recv(socket.native_handle(), into.data(), into.size(), 0);
    if (n > 0) return {Io::done, static_cast<std::size_t>(n), {}};
    if (n == 0) return {Io::end, 0, {}};
    if (errno != EINTR) return failure();
  }
}

IoResult write_some(Socket& socket, std::span<const ConstBytes> pieces) {
  std::array<iovec, kMaxPieces> vectors{};
  std::size_t count = 0;
  for (const ConstBytes piece : pieces) {
    if (piece.empty() || count == vectors.size()) continue;
    vectors[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  while (true) {
    const ssize_t n = ::sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL);
    if (n >= 0) return {Io::done, static_cast<std::size_t>(n), {}};
    if (errno != EINTR) return failure();
  }
}

error_code prepare(Socket& socket) {
  error_code error;
  socket.native_non_blocking(true, error);
  const int handle = socket.native_handle();
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(handle, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain == AF_UNIX) return error;
  set_option(handle, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(handle, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(handle, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(handle, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(handle, IPPROTO_TCP, TCP_KEEPCNT, 3);
  return error;
}

void shutdown_send(Socket& socket) {
  error_code ignored;  // a peer that is gone already will show at the next read
  socket.shutdown(Socket::shutdown_send, ignored);
}

void close_abortively(Socket& socket) {
  const linger at_once{1, 0};
  [[maybe_unused]] const int rc = ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(socket);
}

void close(Socket& socket) {
  error_code ignored;  // nothing can be done, and nothing is lost: data was acknowledged or given up before
  socket.close(ignored);
}

http::SocketAddress address_of(const Endpoint& endpoint) {
  http::SocketAddress address;
  const auto* any = reinterpret_cast<const sockaddr*>(endpoint.data());
  if (any->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, any, std::min(sizeof v4, endpoint.size()));
    std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
    address.size = 4;
    address.port = ntohs(v4.sin_port);
  } else if (any->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, any, std::min(sizeof v6, endpoint.size()));
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) != 0;
    address.size = mapped ? 4 : 16;
    std::copy_n(bytes + (mapped ? 12 : 0), address.size, address.bytes.data());
    address.port = ntohs(v6.sin6_port);
  }
  return address;
}

http::SocketAddress local_address(const Socket& socket) {
  error_code error;
  const Endpoint endpoint = socket.local_endpoint(error);
  return error ? http::SocketAddress{} : address_of(endpoint);
}

}  // namespace tapedeck::net
