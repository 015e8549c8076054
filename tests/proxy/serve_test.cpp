#include <atomic>

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/proxy/loopback.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

TEST_CASE("a GET passes through the proxy and is recorded as it was sent") {
  const std::string answer = response("hello", "X-A: 1\r\n");
  RawServer origin([&](Peer& peer) { serve_all(peer, answer); });
  Recording recording(origin.port());
  Peer client = recording.client();
  const std::string request = "GET /a?b=1 HTTP/1.1\r\nHost: shop.example\r\nX-Odd:   spaced  \r\n\r\n";
  REQUIRE(client.send(request));
  CHECK(client.read_message() == answer);
  const auto exchanges = recording.exchanges(1);
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].request.head == request);
  CHECK(exchanges[0].response.head + exchanges[0].response.body.bytes == answer);
  CHECK(exchanges[0].status == 200);
  CHECK(exchanges[0].reason == http::Reason::none);
  CHECK(exchanges[0].flags == http::FlagSet());
  CHECK(exchanges[0].connection->number == 1);
  CHECK(exchanges[0].connection->upstream.port == origin.port());
}

TEST_CASE("requests of one connection keep their order on one upstream connection") {
  RawServer origin([&](Peer& peer) {
    while (true) {
      const std::string request = peer.read_message();
      if (request.empty() || !peer.send(response(body_of(request)))) return;
    }
  });
  Recording recording(origin.port());
  Peer client = recording.client();
  for (int i = 0; i < 50; ++i) {
    const std::string body = "body " + std::to_string(i);
    REQUIRE(client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                        body));
    REQUIRE(body_of(client.read_message()) == body);
  }
  const auto exchanges = recording.exchanges(50);
  REQUIRE(exchanges.size() == 50);
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(exchanges[i].sequence == i);
    CHECK(exchanges[i].request.body.bytes == "body " + std::to_string(i));
  }
  CHECK(origin.connections() == 2);  // one was the look at start whether it is there
}

namespace {

// Bytes without a pattern of a buffer's length.
std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t state = 88172645463325252ull;
  for (char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state);
  }
  return bytes;
}

std::string chunked(std::string_view body, std::size_t chunk) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += chunk) {
    http::append_chunk(as_bytes(body.substr(at, chunk)), out);
  }
  return out + "0\r\n\r\n";
}

// The body of a chunked message that is complete.
std::string unchunked(std::string_view text) {
  std::string body;
  while (!text.empty()) {
    const std::size_t line = text.find("\r\n");
    const std::size_t size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    if (size == 0) break;
    body += text.substr(line + 2, size);
    text.remove_prefix(line + 2 + size + 2);
  }
  return body;
}

}  // namespace

TEST_CASE("bodies of 24 MB pass both ways and onto the sink byte for byte") {
  const std::string up = noise(24'000'000);
  const std::string down = noise(24'000'001);
  std::string at_origin;
  RawServer origin([&](Peer& peer) {
    const std::string request = peer.read_message();
    if (request.empty()) return;
    at_origin = body_of(request);
    peer.send(response(down));
  });
  Recording recording(origin.port());
  Peer client = recording.client();
  REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(up.size()) + "\r\n\r\n" + up));
  const bool same_down = body_of(client.read_message()) == down;
  CHECK(same_down);
  const auto exchanges = recording.exchanges(1);
  REQUIRE(exchanges.size() == 1);
  const bool same_up = at_origin == up;
  const bool same_taped_up = exchanges[0].request.body.bytes == up;
  const bool same_taped_down = exchanges[0].response.body.bytes == down;
  CHECK(same_up);
  CHECK(same_taped_up);
  CHECK(same_taped_down);
  CHECK(exchanges[0].reason == http::Reason::none);
}

TEST_CASE("chunked bodies of 8 MB in chunks of all sizes pass both ways and onto the sink") {
  const std::string body = noise(8'000'000);
  for (const std::size_t chunk : {std::size_t{977}, std::size_t{16384}, std::size_t{1'000'000}}) {
    const std::string framed = chunked(body, chunk);
    std::string at_origin;
    RawServer origin([&](Peer& peer) {
      if (peer.read_until("\r\n\r\n").empty()) return;
      at_origin = unchunked(peer.read_until("\r\n0\r\n\r\n"));
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed);
    });
    Recording recording(origin.port());
    Peer client = recording.client();
    REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + framed));
    client.read_until("\r\n\r\n");
    const bool same_down = unchunked(client.read_until("\r\n0\r\n\r\n")) == body;
    CHECK(same_down);
    const auto exchanges = recording.exchanges(1);
    REQUIRE(exchanges.size() == 1);
    const bool same_up = at_origin == body;
    const bool same_taped_up = exchanges[0].request.body.bytes == body;
    const bool same_taped_down = exchanges[0].response.body.bytes == body;
    CHECK(same_up);
    CHECK(same_taped_up);
    CHECK(same_taped_down);
  }
}

TEST_CASE("a client that reads in small sips gets everything") {
  const std::string down = noise(5'000'000);
  RawServer origin([&](Peer& peer) {
    if (!peer.read_message().empty()) peer.send(response(down));
  });
  Recording recording(origin.port());
  Peer client = recording.client();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  client.read_until("\r\n\r\n");
  std::string got;
  while (got.size() < down.size()) {
    const std::string more = client.read_exactly(std::min<std::size_t>(1000, down.size() - got.size()));
    if (more.empty()) break;
    got += more;
  }
  const bool same = got == down;
  CHECK(same);
}

TEST_CASE("pipelined requests in one packet are answered in order") {
  RawServer origin([&](Peer& peer) {
    while (true) {
      const std::string request = peer.read_message();
      if (request.empty() || !peer.send(response(request.substr(4, 3)))) return;
    }
  });
  Recording recording(origin.port());
  Peer client = recording.client();
  std::string all;
  for (int i = 100; i < 200; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(client.send(all));
  for (int i = 100; i < 200; ++i) REQUIRE(body_of(client.read_message()) == "/" + std::to_string(i).substr(0, 2));
  CHECK(recording.exchanges(100).size() == 100);
}

TEST_CASE("an upstream that is down at the start is a 502 until it is back") {
  const std::uint16_t port = unused_port();
  Recording recording(port);
  Peer client = recording.client();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const std::string refused = client.read_message();
  CHECK(refused.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
  CHECK(refused.find("Proxy-Status: tapedeck; error=connection_refused\r\n") != std::string::npos);
  const auto exchanges = recording.exchanges(1);
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].status == 0);
  CHECK(exchanges[0].flags.has(http::Flag::upstream_unreachable));
  CHECK(exchanges[0].flags.has(http::Flag::answered_by_proxy));
  CHECK(exchanges[0].reason == http::Reason::none);
  RawServer origin([](Peer& peer) { serve_all(peer, response("back")); }, port);
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(body_of(client.read_message()) == "back");
  CHECK(recording.proxy->totals().upstream_failures == 1);
}

TEST_CASE("an upstream that closes its kept connections does no harm") {
  // Each connection serves one request and is closed at the next one: the race that a pool cannot see.
  RawServer origin([](Peer& peer) {
    if (peer.read_message().empty()) return;
    peer.send(response("once"));
    peer.read_message();
  });
  Recording recording(origin.port());
  Peer client = recording.client();
  for (int i = 0; i < 20; ++i) {
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(body_of(client.read_message()) == "once");
  }
  CHECK(recording.exchanges(20).size() == 20);
  CHECK(recording.proxy->totals().upstream_retries == 19);
  CHECK(recording.proxy->totals().upstream_failures == 0);
}

TEST_CASE("an upstream that resets inside an answer: the client sees no end, the tape says so") {
  RawServer origin([](Peer& peer) {
    if (peer.read_until("\r\n\r\n").empty()) return;
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    peer.read_exactly(1);  // until the test has seen it
    peer.reset();
  });
  Recording recording(origin.port());
  Peer client = recording.client();
  REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"));
  client.read_until("hello\r\n");
  client.send("x");
  const std::string rest = client.read_to_end();
  CHECK(rest.find("0\r\n\r\n") == std::string::npos);
  CHECK(client.was_reset());
  const auto exchanges = recording.exchanges(1);
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].flags.has(http::Flag::upstream_aborted));
  CHECK(exchanges[0].flags.has(http::Flag::response_truncated));
  CHECK(exchanges[0].response.body.bytes == "hello");
  CHECK(exchanges[0].reason == http::Reason::aborted);
}

TEST_CASE("an upstream that never answers is a 504") {
  RawServer origin([](Peer& peer) { peer.read_to_end(); });
  auto config = config_for(origin.port());
  config.time_outs.upstream_first_byte = std::chrono::milliseconds(100);
  Recording recording(config);
  Peer client = recording.client();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(client.read_message().starts_with("HTTP/1.1 504 "));
  const auto exchanges = recording.exchanges(1);
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].flags.has(http::Flag::upstream_timeout));
}

TEST_CASE("a client that goes away while the upstream works ends the upstream connection") {
  std::atomic<bool> working{false};
  std::atomic<bool> closed{false};
  RawServer origin([&](Peer& peer) {
    if (peer.read_message().empty()) return;
    working = true;
    peer.read_to_end();
    closed = true;
  });
  Recording recording(origin.port());
  Peer client = recording.client();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  REQUIRE(eventually([&] { return working.load(); }));
  client.reset();
  CHECK(eventually([&] { return closed.load(); }));
  const auto exchanges = recording.exchanges(1);
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].flags.has(http::Flag::client_aborted));
  CHECK(exchanges[0].reason == http::Reason::aborted);
}

TEST_CASE("an upgraded connection carries bytes both ways until both sides are done") {
  RawServer origin([](Peer& peer) {
    if (peer.read_message().empty()) return;
    peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello");
    const std::string all = peer.read_to_end();
    peer.send("got " + std::to_string(all.size()));
  });
  Recording recording(origin.port());
  Peer client = recording.client();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
  CHECK(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  CHECK(client.read_exactly(5) == "hello");
  REQUIRE(client.send(noise(3'000'000)));
  client.finish();
  CHECK(client.read_to_end() == "got 3000000");
  const auto exchanges = recording.exchanges(1);
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].flags.has(http::Flag::upgraded));
}

TEST_CASE("a refused request is answered in full although the client goes on sending") {
  RawServer origin([](Peer& peer) { serve_all(peer, response("")); });
  Recording recording(origin.port());
  Peer client = recording.client();
  REQUIRE(
      client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 100000\r\n\r\n" + std::string(100000, 'x')));
  const std::string answer = client.read_to_end();
  CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(answer.ends_with("400 Bad Request\n"));
  CHECK_FALSE(client.was_reset());
  CHECK(recording.proxy->totals().refused == 1);
  CHECK(recording.proxy->totals().proxied == 0);
}

TEST_CASE("Unix sockets on both sides") {
  const std::string base = "/tmp/tapedeck-serve-test-" + std::to_string(::getpid());
  RawServer origin([](Peer& peer) { serve_all(peer, response("tcp")); });
  auto inner_config = config_for(origin.port());
  inner_config.listen = {};
  inner_config.listen.unix_path = base + ".inner";
  Recording inner(inner_config);
  auto outer_config = config_for(0);
  outer_config.upstream = {};
  outer_config.upstream.unix_path = base + ".inner";
  outer_config.listen = {};
  outer_config.listen.unix_path = base + ".outer";
  Recording outer(outer_config);
  Peer client = Peer::connect_unix(base + ".outer");
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(body_of(client.read_message()) == "tcp");
  CHECK(outer.exchanges(1).size() == 1);
  CHECK(inner.exchanges(1).size() == 1);
}

TEST_CASE("an upstream by name") {
  RawServer origin([](Peer& peer) { serve_all(peer, response("named")); });
  auto config = config_for(origin.port());
  config.upstream.host = "localhost";
  Recording recording(config);
  Peer client = recording.client();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(body_of(client.read_message()) == "named");
}

TEST_CASE("a proxy in front of itself is refused") {
  const std::uint16_t port = unused_port();
  auto config = config_for(port);
  config.listen.port = port;
  config.upstream.host = "localhost";
  ExchangeCollector sink;
  auto started = proxy::Proxy::start(config, sink, system_clock());
  REQUIRE(started.has_error());
  CHECK(started.error().message.find("circles") != std::string::npos);
}

TEST_CASE("clients above the limit wait until one has left") {
  RawServer origin([](Peer& peer) { serve_all(peer, response("ok")); });
  auto config = config_for(origin.port());
  config.max_connections = 2;
  Recording recording(config);
  Peer one = recording.client();
  Peer two = recording.client();
  for (Peer* peer : {&one, &two}) {
    REQUIRE(peer->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(body_of(peer->read_message()) == "ok");
  }
  Peer three = recording.client();
  REQUIRE(three.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(recording.proxy->totals().connections == 2);
  one.close();
  CHECK(body_of(three.read_message()) == "ok");
}
