#pragma once
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/relay.hpp"
#include "proxy/tee_reader.hpp"
#include "tests/support/exchange_collector.hpp"

namespace tapedeck::test {

/// A relay with scripted sides: no socket, and time stands still unless told. Writes what the relay wants written at
/// once, unless a side is blocked.
struct RelayRig {
  proxy::TimeOuts time_outs;
  http::ForwardPolicy forward{.forwarded = http::ForwardedHeaders::off, .upstream_authority = "up.example"};
  proxy::BufferSlab slab;
  std::unique_ptr<proxy::ByteRing> ring = *proxy::ByteRing::create(1_MiB);
  proxy::Tee tee{*ring, {.max_body = 64_MiB, .first_number = 1}};
  proxy::TeeReader reader{*ring};
  proxy::OpenHeads heads;
  proxy::HttpDate date;
  proxy::Counters counters;
  proxy::Relay relay{{forward, time_outs, slab, tee, heads, date, counters}, make_connection()};

  proxy::Now now{MonoTime{std::chrono::hours(1)}, time_from_ns(1'700'000'000'000'000'000)};
  proxy::Actions wants = relay.start(now);
  std::string to_client, to_upstream;
  bool client_blocked = false, upstream_blocked = false;
  // What was asked for since the last look.
  proxy::Actions::Connect connect = proxy::Actions::Connect::none;
  proxy::Actions::Release release = proxy::Actions::Release::none;
  proxy::Actions::Close close = proxy::Actions::Close::none;
  bool client_finished = false, upstream_finished = false;

  ~RelayRig() { recorded(); }  // what lies in the ring is the reader's to destroy

  static std::shared_ptr<const http::Connection> make_connection() {
    http::Connection connection;
    connection.number = 1;
    connection.client = *http::parse_socket_address("192.0.2.7:4711");
    return std::make_shared<const http::Connection>(connection);
  }

  void pass(Duration span) {
    now.mono += span;
    now.wall += span;
  }
  void tell(const proxy::Input& input) {
    note(relay.on(input, now));
    write_all();
  }
  void due_after(Duration span) {
    pass(span);
    tell({.kind = proxy::Input::Kind::due});
  }

  /// False if the relay does not want to read it all now.
  bool client_sends(std::string_view bytes) { return sends(proxy::End::client, bytes); }
  bool upstream_sends(std::string_view bytes) { return sends(proxy::End::upstream, bytes); }
  void client_ends() { tell({.kind = proxy::Input::Kind::ended, .end = proxy::End::client}); }
  void client_breaks() { tell({.kind = proxy::Input::Kind::broken, .end = proxy::End::client}); }
  void upstream_ends() { tell({.kind = proxy::Input::Kind::ended, .end = proxy::End::upstream}); }
  void upstream_breaks() { tell({.kind = proxy::Input::Kind::broken, .end = proxy::End::upstream}); }
  void connected(bool pooled = false) {
    connect = proxy::Actions::Connect::none;
    tell({.kind = proxy::Input::Kind::connected, .pooled = pooled});
  }
  void connect_fails(proxy::ConnectFailure why) { tell({.kind = proxy::Input::Kind::connect_failed, .why = why}); }
  /// Lets a blocked side take `bytes` of what waits.
  void takes(proxy::End end, std::size_t bytes) {
    write_some(end, bytes);
    write_all();
  }

  /// The exchanges so far.
  std::vector<http::Exchange> recorded() {
    reader.drain(sink, std::size_t{1} << 30);
    return sink.exchanges();
  }
  /// The one exchange there is.
  http::Exchange exchange() {
    const auto all = recorded();
    return all.size() == 1 ? all.front() : http::Exchange{};
  }

 private:
  ExchangeCollector sink;

  void note(const proxy::Actions& actions) {
    wants = actions;
    if (actions.connect != proxy::Actions::Connect::none) connect = actions.connect;
    if (actions.release != proxy::Actions::Release::none) release = actions.release;
    if (actions.close_client != proxy::Actions::Close::none) close = actions.close_client;
    client_finished = client_finished || actions.finish_client;
    upstream_finished = upstream_finished || actions.finish_upstream;
  }
  bool sends(proxy::End end, std::string_view bytes) {
    while (!bytes.empty()) {
      if (!(end == proxy::End::client ? wants.read_client : wants.read_upstream)) return false;
      const Bytes room = relay.room(end);
      if (room.empty()) return false;
      const std::size_t n = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), n);
      bytes.remove_prefix(n);
      tell({.kind = proxy::Input::Kind::bytes, .end = end, .bytes = n});
    }
    return true;
  }
  void write_some(proxy::End end, std::size_t at_most) {
    std::string& to = end == proxy::End::client ? to_client : to_upstream;
    std::size_t sum = 0;
    for (const ConstBytes piece : relay.output(end)) {
      const std::size_t n = std::min(piece.size(), at_most - sum);
      to += as_text(piece.first(n));
      sum += n;
    }
    note(relay.on({.kind = proxy::Input::Kind::written, .end = end, .bytes = sum}, now));
  }
  void write_all() {
    while (true) {
      if (wants.write_upstream && !upstream_blocked) {
        write_some(proxy::End::upstream, std::size_t{1} << 30);
      } else if (wants.write_client && !client_blocked) {
        write_some(proxy::End::client, std::size_t{1} << 30);
      } else {
        return;
      }
    }
  }
};

}  // namespace tapedeck::test
