#include <doctest/doctest.h>

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
