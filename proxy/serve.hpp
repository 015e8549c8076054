#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/byte_size.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "http/exchange_sink.hpp"
#include "http/forwarding.hpp"
#include "http/url.hpp"
#include "net/listener.hpp"

namespace tapedeck::proxy {

/// docs/proxy.md, time-outs: each is a key under `proxy:`.
struct TimeOuts {
  Duration client_head = std::chrono::seconds(10);
  Duration client_idle = std::chrono::seconds(60);
  Duration client_body = std::chrono::seconds(60);
  Duration client_write = std::chrono::seconds(60);
  Duration upstream_connect = std::chrono::seconds(5);
  Duration upstream_first_byte = std::chrono::seconds(60);
  Duration upstream_idle = std::chrono::seconds(60);
  Duration upstream_keepalive = std::chrono::seconds(4);
  Duration upstream_max_age = std::chrono::minutes(5);
  Duration tunnel_idle = std::chrono::hours(1);
  Duration drain = std::chrono::seconds(30);
};

struct ProxyConfig {
  http::ListenAddress listen;
  http::Origin upstream;
  unsigned workers = 1;
  http::ForwardPolicy forward;
  TimeOuts time_outs;
  ByteSize ring_memory = 128_MiB;     // all workers' capture rings together
  ByteSize max_body = 64_MiB;         // captured of each body
  std::uint64_t max_connections = 0;  // 0: (RLIMIT_NOFILE - 64) / 2
};

/// proxied = what the sink got as exchanges + dropped here + in flight.
struct ProxyTotals {
  std::uint64_t connections = 0;
  std::uint64_t proxied = 0;  // request heads accepted
  std::uint64_t refused = 0;  // requests answered by the codec's rules; never reach the upstream
  std::uint64_t dropped = 0;  // exchanges the ring had no room for, told to the sink as lost(capture_memory)
  std::uint64_t upstream_failures = 0;
  std::uint64_t upstream_retries = 0;
};

/// A running proxy: listens since start() returned.
class Proxy {
 public:
  /// Binds and listens; an error says what to do (port in use, no permission, address not local, or the upstream
  /// itself). Clients wait until start() takes the sockets: whatever else can fail may be tried in between.
  static Result<net::Listeners> listen(const ProxyConfig& config);
  /// `sink` outlives the proxy and is called from one thread of it. `listeners` are those of listen(config).
  static Result<std::unique_ptr<Proxy>> start(ProxyConfig config, net::Listeners listeners, http::ExchangeSink& sink,
                                              const Clock& clock);
  /// Both in one.
  static Result<std::unique_ptr<Proxy>> start(ProxyConfig config, http::ExchangeSink& sink, const Clock& clock);
  ~Proxy();

  /// The port it listens on (useful with port 0); 0 for a Unix socket.
  std::uint16_t port() const;
  /// From any thread.
  ProxyTotals totals() const;
  /// No new connections; exchanges under way have `drain` to end, then they are cut. Waits; the sink has everything
  /// when it returns. A second call ends at once.
  void drain();

 private:
  struct Impl;
  explicit Proxy(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> x_impl;
};

}  // namespace tapedeck::proxy
