#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tapedeck::test {

/// A TCP connection over loopback that sends and reads raw bytes. Every read ends after 20 s, with what came until
/// then.
class Peer {
 public:
  explicit Peer(int handle);
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&&) = delete;
  ~Peer();
  static Peer connect(std::uint16_t port);
  static Peer connect_unix(const std::string& path);

  /// False if the other side does not take it.
  bool send(std::string_view bytes);
  /// Until `end` was read, inclusive; what was read ahead stays for the next call.
  std::string read_until(std::string_view end);
  std::string read_exactly(std::size_t bytes);
  /// Until FIN or reset.
  std::string read_to_end();
  /// A head and a body of Content-Length.
  std::string read_message();
  bool was_reset() const { return x_reset; }
  void finish();  // FIN
  void reset();   // RST
  void close();

 private:
  bool fill();
  int x_handle;
  std::string x_ahead;
  bool x_reset = false;
};

/// Listens on a free port (or the given one); each connection is served by `serve` on a thread of its own.
class RawServer {
 public:
  explicit RawServer(std::function<void(Peer&)> serve, std::uint16_t port = 0);
  ~RawServer();
  std::uint16_t port() const { return x_port; }
  std::size_t connections() const;

 private:
  void accept_all();
  std::function<void(Peer&)> x_serve;
  int x_handle = -1;
  std::uint16_t x_port = 0;
  mutable std::mutex x_mutex;
  std::vector<int> x_open;
  std::size_t x_count = 0;
  std::list<std::thread> x_threads;
  std::thread x_acceptor;
};

/// A free port that nobody listens on.
std::uint16_t unused_port();

/// Polls until `holds`; false after 20 s.
bool eventually(const std::function<bool()>& holds);

}  // namespace tapedeck::test
