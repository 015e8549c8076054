#include "net/listener.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace tapedeck::net {
namespace {

constexpr int kBacklog = 4096;

struct AddressInfo {
  addrinfo* first = nullptr;
  ~AddressInfo() {
    if (first != nullptr) ::freeaddrinfo(first);
  }
};

Error trouble(const http::ListenAddress& address) {
  const std::string where = "cannot listen on " + address.text();
  switch (errno) {
    case EADDRINUSE: return errno_error(where + "; choose another port or stop what listens there");
    case EACCES: return errno_error(where + "; ports below 1024 need CAP_NET_BIND_SERVICE");
    case EADDRNOTAVAIL: return errno_error(where + "; it is no address of this machine");
    default: return errno_error(where);
  }
}

enum class Share { no, yes };
enum class Then { bind, listen };

// The handle, or -1 with errno set.
int bind_to(const sockaddr* address, socklen_t size, Share share, Then then) {
  const int handle = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (handle < 0) return -1;
  const int on = 1;
  bool well = true;
  if (address->sa_family != AF_UNIX) well = ::setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
  if (share == Share::yes) well = well && ::setsockopt(handle, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
  well = well && ::bind(handle, address, size) == 0;
  if (well && (then == Then::bind || ::listen(handle, kBacklog) == 0)) return handle;
  const int why = errno;
  ::close(handle);
  errno = why;
  return -1;
}

std::uint16_t port_of(int handle) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(handle, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  in_port_t port = 0;  // at the same place in both families
  std::memcpy(&port, reinterpret_cast<const char*>(&storage) + offsetof(sockaddr_in, sin_port), sizeof port);
  return ntohs(port);
}

void set_port(sockaddr* address, std::uint16_t port) {
  const in_port_t value = htons(port);
  std::memcpy(reinterpret_cast<char*>(address) + offsetof(sockaddr_in, sin_port), &value, sizeof value);
}

// What an earlier run left behind is removed; a socket that somebody serves is not.
bool clear_stale(const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(address.sun_path, &found) != 0) return errno == ENOENT;
  errno = EADDRINUSE;
  if (!S_ISSOCK(found.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool served = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  errno = EADDRINUSE;
  return !served && ::unlink(address.sun_path) == 0;
}

}  // namespace

Listeners::Listeners(Listeners&& other) noexcept
    : x_handles(std::exchange(other.x_handles, {})),
      x_port(other.x_port),
      x_unix_path(std::exchange(other.x_unix_path, {})) {}

Listeners::~Listeners() {
  for (const int handle : x_handles) {
    if (handle >= 0) ::close(handle);
  }
  if (!x_unix_path.empty()) ::unlink(x_unix_path.c_str());
}

int Listeners::take(unsigned loop) { return std::exchange(x_handles[loop], -1); }

Result<Listeners> Listeners::open(const http::ListenAddress& address, unsigned loops) {
  return address.unix_path.empty() ? open_tcp(address, loops) : open_unix(address, loops);
}

Result<Listeners> Listeners::open_unix(const http::ListenAddress& address, unsigned loops) {
  Listeners listeners;
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  if (address.unix_path.size() >= sizeof local.sun_path) {
    return make_error("the path of the Unix socket " + address.unix_path + " is too long; 107 bytes are the most");
  }
  std::memcpy(local.sun_path, address.unix_path.data(), address.unix_path.size());
  const auto* any = reinterpret_cast<const sockaddr*>(&local);
  const int handle = clear_stale(local) ? bind_to(any, sizeof local, Share::no, Then::listen) : -1;
  if (handle < 0) return trouble(address);
  listeners.x_unix_path = address.unix_path;
  listeners.x_handles.push_back(handle);
  while (listeners.x_handles.size() < loops) {
    const int copy = ::fcntl(handle, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return trouble(address);
    listeners.x_handles.push_back(copy);
  }
  return listeners;
}

Result<Listeners> Listeners::open_tcp(const http::ListenAddress& address, unsigned loops) {
  Listeners listeners;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  AddressInfo found;
  const std::string port = std::to_string(address.port);
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  const int rc = ::getaddrinfo(host, port.c_str(), &hints, &found.first);
  if (rc != 0) return make_error("cannot listen on " + address.text() + ": " + ::gai_strerror(rc));
  sockaddr* any = found.first->ai_addr;
  const socklen_t size = found.first->ai_addrlen;
  // A first socket that does not share finds out whether somebody else has the port.
  const int probe = bind_to(any, size, Share::no, Then::bind);
  if (probe < 0) return trouble(address);
  listeners.x_port = port_of(probe);
  ::close(probe);
  set_port(any, listeners.x_port);
  while (listeners.x_handles.size() < loops) {
    const int handle = bind_to(any, size, Share::yes, Then::listen);
    if (handle < 0) return trouble(address);
    listeners.x_handles.push_back(handle);
  }
  return listeners;
}

}  // namespace tapedeck::net
