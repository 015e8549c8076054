#include "tests/support/scripted_server.hpp"

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/parser.hpp"

namespace tapedeck::test {
namespace {

int listen_on_loopback(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 1024) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no loopback port to listen on");
  }
  port = ntohs(address.sin_port);
  return fd;
}

/// Reads one whole request; nothing at the end of the connection. `rest`: bytes read but not yet used.
std::optional<std::string> read_request(int fd, std::string& rest) {
  static const http::ParserLimits kLimits = http::observe_limits();
  http::FieldTable fields;
  http::MessageParser parser(http::Side::request, http::Mode::observe, kLimits, fields);
  std::string whole;
  for (;;) {
    const http::Event event = parser.next(as_bytes(rest));
    whole += rest.substr(0, event.consumed);
    rest.erase(0, event.consumed);
    if (event.step == http::Step::end) return whole;
    if (event.step == http::Step::desync) return std::nullopt;
    if (event.step != http::Step::need_more) continue;
    char buffer[16384];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return std::nullopt;
    rest.append(buffer, static_cast<std::size_t>(got));
  }
}

void write_all(int fd, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t sent = ::send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) return;
    done += static_cast<std::size_t>(sent);
  }
}

http::Origin loopback(std::uint16_t port) {
  http::Origin origin;
  origin.host = "127.0.0.1";
  origin.port = port;
  return origin;
}

}  // namespace

ScriptedServer::ScriptedServer() : ScriptedServer([](const Request&) { return Reply{}; }) {}

ScriptedServer::ScriptedServer(Script script) : x_script(std::move(script)), x_listener(listen_on_loopback(x_port)) {
  x_accepting = std::thread([this] { accept_loop(); });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(x_listener, SHUT_RDWR);
  x_accepting.join();
  ::close(x_listener);
  for (auto& [fd, thread] : x_threads) ::shutdown(fd, SHUT_RDWR);
  for (auto& [fd, thread] : x_threads) {
    thread.join();
    ::close(fd);
  }
}

http::Origin ScriptedServer::origin() const { return loopback(x_port); }

std::vector<ScriptedServer::Request> ScriptedServer::requests() const {
  const std::lock_guard lock(x_mutex);
  return x_requests;
}

std::size_t ScriptedServer::connections() const {
  const std::lock_guard lock(x_mutex);
  return x_threads.size();
}

void ScriptedServer::accept_loop() {
  for (;;) {
    const int fd = ::accept(x_listener, nullptr, nullptr);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(x_mutex);
    x_threads[fd] = std::thread([this, fd, number = x_threads.size()] { serve(fd, number); });
  }
}

void ScriptedServer::serve(int fd, std::size_t connection) {
  std::string rest;
  for (std::size_t index = 0;; ++index) {
    const auto request = read_request(fd, rest);
    if (!request) break;
    const Reply reply = answer({connection, index, *request});
    write_all(fd, reply.bytes);
    if (reply.then == Then::keep) continue;
    if (reply.then == Then::reset) {
      const linger now{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      // Only closing resets; the descriptor stays taken until the thread is joined.
      const int null = ::socket(AF_INET, SOCK_STREAM, 0);
      ::dup2(null, fd);
      ::close(null);
      return;
    }
    if (reply.then == Then::close) break;
    char nothing = 0;
    while (::recv(fd, &nothing, 1, 0) > 0) {
    }
    return;
  }
  ::shutdown(fd, SHUT_RDWR);
}

ScriptedServer::Reply ScriptedServer::answer(Request request) {
  const std::lock_guard lock(x_mutex);
  x_requests.push_back(request);
  return x_script(request);
}

http::Origin dead_origin() {
  std::uint16_t port = 0;
  const int fd = listen_on_loopback(port);
  ::close(fd);
  return loopback(port);
}

}  // namespace tapedeck::test
