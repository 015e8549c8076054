#include "net/probe.hpp"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tapedeck::net {
namespace {

bool connects(int handle, const Endpoint& endpoint, Duration wait) {
  if (::connect(handle, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd poll{handle, POLLOUT, 0};
  if (::poll(&poll, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count())) != 1) return false;
  int failure = 0;
  socklen_t size = sizeof failure;
  return ::getsockopt(handle, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
}

}  // namespace

bool accepts_connections(const Endpoint& endpoint, Duration wait) {
  const int handle = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (handle < 0) return false;
  const bool connected = connects(handle, endpoint, wait);
  ::close(handle);
  return connected;
}

}  // namespace tapedeck::net
