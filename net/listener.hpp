#pragma once
#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "http/url.hpp"

namespace tapedeck::net {

/// Listening sockets for one address, one a loop: the kernel deals connections out (SO_REUSEPORT); a Unix socket is
/// shared. The destructor closes what was not taken, and removes the Unix socket's file.
class Listeners {
 public:
  /// An error says what to do (port in use, no permission, address not local).
  static Result<Listeners> open(const http::ListenAddress& address, unsigned loops);
  Listeners(Listeners&& other) noexcept;
  Listeners& operator=(Listeners&&) = delete;
  ~Listeners();

  /// Non-blocking; the caller's from now on. `loop` is below the number given to open().
  int take(unsigned loop);
  /// 0 for a Unix socket.
  std::uint16_t port() const { return x_port; }

 private:
  Listeners() = default;
  static Result<Listeners> open_tcp(const http::ListenAddress& address, unsigned loops);
  static Result<Listeners> open_unix(const http::ListenAddress& address, unsigned loops);
  std::vector<int> x_handles;
  std::uint16_t x_port = 0;
  std::string x_unix_path;
};

}  // namespace tapedeck::net
