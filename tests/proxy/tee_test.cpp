#include "proxy/tee.hpp"

#include <random>

#include <doctest/doctest.h>

#include "proxy/tee_reader.hpp"
#include "proxy/tee_thread.hpp"
#include "tests/support/exchange_collector.hpp"
#include "tests/support/peer.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
using http::Flag;
using http::Reason;
using http::Side;

namespace {

Time at(int ns) { return time_from_ns(1'000'000'000 + ns); }

struct TeeRig {
  explicit TeeRig(ByteSize ring_size, ByteSize max_body = 1_MiB)
      : ring(*proxy::ByteRing::create(ring_size)), tee(*ring, {max_body, 1}), reader(*ring) {}
  proxy::TeeExchange begin(std::string_view head = "GET / HTTP/1.1\r\n\r\n") {
    return tee.begin({std::make_shared<http::Connection>(), 0, http::Version::http_1_1}, as_bytes(head), at(1), at(2));
  }
  void drain() { reader.drain(sink, std::size_t{1} << 30); }

  std::unique_ptr<proxy::ByteRing> ring;
  proxy::Tee tee;
  proxy::TeeReader reader;
  ExchangeCollector sink;
};

}  // namespace

TEST_CASE("the parts of an exchange arrive in order, with their times") {
  TeeRig rig(1_MiB);
  auto exchange = rig.begin("PUT / HTTP/1.1\r\n\r\n");
  rig.tee.body(exchange, Side::request, as_bytes("abc"), at(3));
  rig.tee.body(exchange, Side::request, as_bytes("def"), at(4));
  rig.tee.interim(exchange, as_bytes("HTTP/1.1 100 C\r\n\r\n"), at(5));
  rig.tee.response_head(exchange, 201, as_bytes("HTTP/1.1 201 C\r\n\r\n"), at(6), at(7));
  rig.tee.trailers(exchange, Side::response, as_bytes("A: b\r\n"), at(8));
  rig.tee.end(exchange, {.has_response = true}, at(9));
  rig.drain();
  REQUIRE(rig.sink.count() == 1);
  const http::Exchange whole = rig.sink.exchanges()[0];
  CHECK(whole.request.head == "PUT / HTTP/1.1\r\n\r\n");
  CHECK(whole.request.body.bytes == "abcdef");
  CHECK(whole.request.first == at(1));
  CHECK(whole.request.last == at(4));
  CHECK(whole.interim.size() == 1);
  CHECK(whole.status == 201);
  CHECK(whole.response.first == at(6));
  CHECK(whole.response.trailers == "A: b\r\n");
}

TEST_CASE("of a long body a prefix is kept, its true length, and the time of its last byte") {
  TeeRig rig(1_MiB, {10});
  auto exchange = rig.begin();
  rig.tee.response_head(exchange, 200, as_bytes("HTTP/1.1 200 O\r\n\r\n"), at(3), at(3));
  for (int i = 0; i < 5; ++i) rig.tee.body(exchange, Side::response, as_bytes("12345678"), at(10 + i));
  rig.tee.end(exchange, {.has_response = true}, at(20));
  rig.drain();
  const http::Exchange whole = rig.sink.exchanges().at(0);
  CHECK(whole.response.body.bytes == "1234567812");
  CHECK(whole.response.body.wire_length == 40);
  CHECK(whole.flags.has(Flag::response_truncated));
  CHECK_FALSE(whole.flags.has(Flag::request_truncated));
  CHECK(whole.reason == Reason::none);
  CHECK(whole.response.last == at(14));
}

TEST_CASE("an exchange that finds no room is told as lost, whole") {
  TeeRig rig({4096});
  auto first = rig.begin(std::string(3000, 'x'));
  auto second = rig.begin(std::string(2000, 'y'));
  rig.tee.body(second, Side::request, as_bytes("abc"), at(3));
  rig.tee.end(second, {}, at(4));
  CHECK(rig.tee.dropped() == 1);
  rig.tee.mark(at(5));
  rig.tee.end(first, {}, at(6));
  rig.drain();
  CHECK(rig.sink.count() == 1);
  CHECK(rig.sink.lost_exchanges() == 1);
}

TEST_CASE("an exchange that finds no room for a later piece ends as truncated, for want of memory") {
  TeeRig rig({4096});
  auto exchange = rig.begin();
  rig.tee.response_head(exchange, 200, as_bytes("HTTP/1.1 200 O\r\n\r\n"), at(3), at(3));
  rig.tee.body(exchange, Side::response, as_bytes("kept"), at(4));
  rig.tee.body(exchange, Side::response, as_bytes(std::string(5000, 'z')), at(5));
  rig.tee.body(exchange, Side::response, as_bytes("late"), at(6));  // never behind a hole
  rig.tee.end(exchange, {.has_response = true}, at(7));
  rig.drain();
  const http::Exchange whole = rig.sink.exchanges().at(0);
  CHECK(whole.response.body.bytes == "kept");
  CHECK(whole.response.body.wire_length == 5008);
  CHECK(whole.flags.has(Flag::response_truncated));
  CHECK(whole.reason == Reason::capture_memory);
}

TEST_CASE("with a ring of any fill, begun = ended, and begun + lost = all") {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    TeeRig rig({4096});
    std::vector<proxy::TeeExchange> open;
    std::size_t all = 0;
    for (int i = 0; i < 300; ++i) {
      const auto dice = random() % 10;
      if (dice < 4) {
        open.push_back(rig.begin(std::string(random() % 300, 'h')));
        ++all;
      } else if (dice < 7 && !open.empty()) {
        auto& one = open[random() % open.size()];
        rig.tee.body(one, Side::request, as_bytes(std::string(random() % 700, 'b')), at(5));
      } else if (dice < 9 && !open.empty()) {
        rig.tee.end(open.back(), {}, at(6));
        open.pop_back();
      } else {
        rig.tee.mark(at(7));
        if (random() % 3 == 0) rig.drain();
      }
    }
    for (auto& one : open) rig.tee.end(one, {}, at(8));
    rig.drain();
    const http::Loss rest = rig.tee.take_loss();
    CHECK(rig.sink.begun() == rig.sink.count());
    CHECK(rig.sink.begun() + rig.sink.lost_exchanges() + rest.exchanges == all);
    CHECK(rig.tee.dropped() == rig.sink.lost_exchanges() + rest.exchanges);
    for (const http::Exchange& one : rig.sink.exchanges()) {
      const bool whole = !one.flags.has(Flag::request_truncated);
      CHECK(whole == (one.reason == Reason::none));
    }
  }
}

TEST_CASE("the watermark is the least of all rings") {
  auto a = *proxy::ByteRing::create(64_KiB);
  auto b = *proxy::ByteRing::create(64_KiB);
  proxy::Tee tee_a(*a, {1_MiB, 1});
  proxy::Tee tee_b(*b, {1_MiB, 1000});
  ExchangeCollector sink;
  proxy::TeeThread thread(sink);
  tee_a.mark(at(50));
  tee_b.mark(at(30));
  thread.start({a.get(), b.get()});
  CHECK(eventually([&] { return sink.watermark() == at(30); }));
  tee_b.mark(at(70));
  CHECK(eventually([&] { return sink.watermark() == at(50); }));
  thread.stop();
}

TEST_CASE("records cross the end of the ring in one piece") {
  TeeRig rig({4096});
  for (int i = 0; i < 1000; ++i) {
    auto exchange = rig.begin(std::string(static_cast<std::size_t>(i % 400), 'q'));
    rig.tee.body(exchange, Side::request, as_bytes(std::to_string(i)), at(3));
    rig.tee.end(exchange, {}, at(4));
    rig.drain();
  }
  const auto all = rig.sink.exchanges();
  REQUIRE(all.size() == 1000);
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i].request.body.bytes == std::to_string(i));
}
