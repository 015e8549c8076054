#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/url.hpp"

namespace tapedeck::test {

/// An HTTP server on a loopback port of its own, one thread a connection, that does what a test tells it.
class ScriptedServer {
 public:
  enum class Then : std::uint8_t {
    keep,   // read the next request
    close,  // FIN
    reset,  // RST
    hang,   // say nothing more until the server ends
  };
  struct Reply {
    std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    Then then = Then::keep;
  };
  struct Request {
    std::size_t connection;  // in the order of their accepts
    std::size_t index;       // on that connection
    std::string bytes;       // as on the wire
  };
  /// Called on the connection's thread; calls of one server do not overlap.
  using Script = std::function<Reply(const Request&)>;

  /// Answers everything with 200, `ok`.
  ScriptedServer();
  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  http::Origin origin() const;
  /// All requests so far, in the order in which they were whole.
  std::vector<Request> requests() const;
  std::size_t connections() const;

 private:
  void accept_loop();
  void serve(int fd, std::size_t connection);
  Reply answer(Request request);

  Script x_script;
  std::uint16_t x_port = 0;
  int x_listener = -1;  // made after the port, which it sets
  mutable std::mutex x_mutex;
  std::vector<Request> x_requests;
  std::map<int, std::thread> x_threads;  // by descriptor; closed once the thread is joined
  std::thread x_accepting;
};

/// A loopback port that refuses connections.
http::Origin dead_origin();

}  // namespace tapedeck::test
