#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "proxy/serve.hpp"
#include "tests/support/exchange_collector.hpp"
#include "tests/support/peer.hpp"

namespace tapedeck::test {

inline proxy::ProxyConfig config_for(std::uint16_t upstream_port) {
  proxy::ProxyConfig config;
  config.listen.host = "127.0.0.1";
  config.upstream.host = "127.0.0.1";
  config.upstream.port = upstream_port;
  config.ring_memory = 64_MiB;
  config.time_outs.drain = std::chrono::milliseconds(200);
  return config;
}

/// A proxy in front of `port`, and what it recorded.
struct Recording {
  ExchangeCollector sink;
  std::unique_ptr<proxy::Proxy> proxy;

  explicit Recording(proxy::ProxyConfig config) {
    auto started = proxy::Proxy::start(std::move(config), sink, system_clock());
    if (!started) throw std::runtime_error(started.error().message);
    proxy = std::move(*started);
  }
  explicit Recording(std::uint16_t upstream_port) : Recording(config_for(upstream_port)) {}

  Peer client() const { return Peer::connect(proxy->port()); }
  /// The exchanges, once there are `count` of them.
  std::vector<http::Exchange> exchanges(std::size_t count) {
    eventually([&] { return sink.count() >= count; });
    return sink.exchanges();
  }
};

inline std::string response(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

/// Answers every request on a connection with `answer`.
inline void serve_all(Peer& peer, const std::string& answer) {
  while (!peer.read_message().empty() && peer.send(answer)) {
  }
}

inline std::string body_of(std::string_view message) {
  const std::size_t at = message.find("\r\n\r\n");
  return at == std::string_view::npos ? std::string() : std::string(message.substr(at + 4));
}

}  // namespace tapedeck::test
