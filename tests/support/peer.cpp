#include "tests/support/peer.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace tapedeck::test {
namespace {

constexpr int kPatienceSeconds = 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void must(bool well, const char* what) {
  if (!well) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

int bound_socket(std::uint16_t port) {
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(handle >= 0, "socket");
  const int on = 1;
  must(::setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "SO_REUSEADDR");
  const sockaddr_in address = loopback(port);
  must(::bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
  return handle;
}

std::uint16_t port_of(int handle) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  must(::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  return ntohs(address.sin_port);
}

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  const std::size_t at = head.find(kName);
  std::size_t length = 0;
  if (at != std::string_view::npos) {
    const char* begin = head.data() + at + kName.size();
    std::from_chars(begin, head.data() + head.size(), length);
  }
  return length;
}

}  // namespace

Peer::Peer(int handle) : x_handle(handle) {
  const timeval patience{kPatienceSeconds, 0};
  const int on = 1;
  must(::setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0, "SO_RCVTIMEO");
  must(::setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0, "SO_SNDTIMEO");
  [[maybe_unused]] const int rc =
      ::setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // not on Unix sockets
}

Peer::Peer(Peer&& other) noexcept : x_handle(std::exchange(other.x_handle, -1)), x_ahead(std::move(other.x_ahead)) {}

Peer::~Peer() { close(); }

Peer Peer::connect(std::uint16_t port) {
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(handle >= 0, "socket");
  const sockaddr_in address = loopback(port);
  must(::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
  return Peer(handle);
}

Peer Peer::connect_unix(const std::string& path) {
  const int handle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(handle >= 0, "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  must(::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
  return Peer(handle);
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(x_handle, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool Peer::fill() {
  char buffer[65536];
  const ssize_t n = ::recv(x_handle, buffer, sizeof buffer, 0);
  if (n < 0 && errno == ECONNRESET) x_reset = true;
  if (n <= 0) return false;
  x_ahead.append(buffer, static_cast<std::size_t>(n));
  return true;
}

std::string Peer::read_until(std::string_view end) {
  std::size_t at = 0;
  std::size_t looked = 0;
  while ((at = x_ahead.find(end, looked)) == std::string::npos) {
    looked = x_ahead.size() - std::min(x_ahead.size(), end.size() - 1);
    if (!fill()) return std::exchange(x_ahead, {});
  }
  return read_exactly(at + end.size());
}

std::string Peer::read_exactly(std::size_t bytes) {
  while (x_ahead.size() < bytes && fill()) {
  }
  bytes = std::min(bytes, x_ahead.size());
  std::string read = x_ahead.substr(0, bytes);
  x_ahead.erase(0, bytes);
  return read;
}

std::string Peer::read_to_end() {
  while (fill()) {
  }
  return std::exchange(x_ahead, {});
}

std::string Peer::read_message() {
  std::string message = read_until("\r\n\r\n");
  return message + read_exactly(content_length(message));
}

void Peer::finish() { ::shutdown(x_handle, SHUT_WR); }

void Peer::reset() {
  const linger at_once{1, 0};
  must(::setsockopt(x_handle, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "SO_LINGER");
  close();
}

void Peer::close() {
  if (x_handle >= 0) ::close(std::exchange(x_handle, -1));
}

RawServer::RawServer(std::function<void(Peer&)> serve, std::uint16_t port)
    : x_serve(std::move(serve)), x_handle(bound_socket(port)), x_port(port_of(x_handle)) {
  must(::listen(x_handle, 1024) == 0, "listen");
  x_acceptor = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
  ::shutdown(x_handle, SHUT_RDWR);
  x_acceptor.join();
  ::close(x_handle);
  {
    const std::lock_guard lock(x_mutex);
    for (const int handle : x_open) ::shutdown(handle, SHUT_RDWR);
  }
  for (std::thread& thread : x_threads) thread.join();
}

std::size_t RawServer::connections() const {
  const std::lock_guard lock(x_mutex);
  return x_count;
}

void RawServer::accept_all() {
  while (true) {
    const int handle = ::accept4(x_handle, nullptr, nullptr, SOCK_CLOEXEC);
    if (handle < 0) return;
    const std::lock_guard lock(x_mutex);
    ++x_count;
    x_open.push_back(handle);
    x_threads.emplace_back([this, handle] {
      Peer peer(handle);
      x_serve(peer);
      const std::lock_guard inner(x_mutex);
      std::erase(x_open, handle);
      peer.close();
    });
  }
}

std::uint16_t unused_port() {
  const int handle = bound_socket(0);
  const std::uint16_t port = port_of(handle);
  ::close(handle);
  return port;
}

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kPatienceSeconds);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace tapedeck::test
