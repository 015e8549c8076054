#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/proxy/loopback.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

// A sink that stands still until it is let go.
class StuckSink final : public http::ExchangeSink {
 public:
  explicit StuckSink(http::ExchangeSink& behind) : x_behind(behind) {}
  void take(const http::ExchangePart& part) noexcept override {
    wait();
    x_behind.take(part);
  }
  void lost(const http::Loss& loss) noexcept override {
    wait();
    x_behind.lost(loss);
  }
  void advance(Time watermark) noexcept override {
    wait();
    x_behind.advance(watermark);
  }
  void let_go() {
    const std::lock_guard lock(x_mutex);
    x_stuck = false;
    x_changed.notify_all();
  }

 private:
  void wait() {
    std::unique_lock lock(x_mutex);
    x_changed.wait(lock, [&] { return !x_stuck; });
  }
  http::ExchangeSink& x_behind;
  std::mutex x_mutex;
  std::condition_variable x_changed;
  bool x_stuck = true;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("a sink that stands still never holds up traffic, and every exchange is accounted for") {
  const std::string answer = response(std::string(20'000, 'x'));
  RawServer origin([&](Peer& peer) { serve_all(peer, answer); });
  ExchangeCollector collected;
  StuckSink sink(collected);
  auto config = config_for(origin.port());
  config.ring_memory = 256_KiB;
  auto proxy = *proxy::Proxy::start(config, sink, system_clock());
  {
    Peer client = Peer::connect(proxy->port());
    for (int i = 0; i < 200; ++i) {
      REQUIRE(client.send(kGet));
      REQUIRE(client.read_message() == answer);
    }
  }
  const proxy::ProxyTotals totals = proxy->totals();
  CHECK(totals.proxied == 200);
  CHECK(totals.dropped > 100);
  sink.let_go();
  proxy->drain();
  CHECK(collected.begun() == collected.count());
  CHECK(collected.lost_exchanges() == totals.dropped);
  CHECK(collected.count() + totals.dropped == totals.proxied);
  std::size_t cut = 0;
  for (const http::Exchange& exchange : collected.exchanges()) {
    const bool whole = exchange.response.head + exchange.response.body.bytes == answer;
    if (!whole) ++cut;
    CHECK((exchange.reason == http::Reason::none) == whole);
    if (!whole) CHECK(exchange.reason == http::Reason::capture_memory);
  }
  CHECK(cut <= 2);
}

TEST_CASE("with workers and clients at once, every request is on the sink once") {
  RawServer origin([&](Peer& peer) {
    while (true) {
      const std::string request = peer.read_message();
      if (request.empty() || !peer.send(response(body_of(request)))) return;
    }
  });
  auto config = config_for(origin.port());
  config.workers = 2;
  Recording recording(config);
  std::vector<std::thread> clients;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      Peer client = recording.client();
      for (int i = 0; i < 100; ++i) {
        const std::string body = std::to_string(c) + "/" + std::to_string(i);
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        if (body_of(client.read_message()) != body) ++wrong;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(wrong == 0);
  recording.proxy->drain();
  const auto exchanges = recording.sink.exchanges();
  CHECK(exchanges.size() == 800);
  CHECK(recording.proxy->totals().proxied == 800);
  std::map<std::uint64_t, std::uint32_t> next;  // by connection
  for (const http::Exchange& exchange : exchanges) {
    CHECK(exchange.request.body.bytes == exchange.response.body.bytes);
    CHECK(exchange.sequence == next[exchange.connection->number]++);
  }
  CHECK(next.size() == 8);
}

TEST_CASE("a drain lets what is under way end, and says close") {
  std::mutex mutex;
  std::condition_variable changed;
  bool may_answer = false;
  RawServer origin([&](Peer& peer) {
    if (peer.read_message().empty()) return;
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return may_answer; });
    peer.send(response("late"));
  });
  auto config = config_for(origin.port());
  config.time_outs.drain = std::chrono::seconds(20);
  Recording recording(config);
  Peer client = recording.client();
  REQUIRE(client.send(kGet));
  REQUIRE(eventually([&] { return recording.proxy->totals().proxied == 1; }));
  std::thread drainer([&] { recording.proxy->drain(); });
  {
    const std::lock_guard lock(mutex);
    may_answer = true;
  }
  changed.notify_all();
  const std::string answer = client.read_to_end();
  CHECK(answer.ends_with("late"));
  client.close();
  drainer.join();
  REQUIRE(recording.sink.count() == 1);
  CHECK(recording.sink.exchanges()[0].reason == http::Reason::none);
}

TEST_CASE("what does not end within the drain is cut off, and so it is recorded") {
  RawServer origin([](Peer& peer) { peer.read_to_end(); });
  auto config = config_for(origin.port());
  config.time_outs.drain = std::chrono::milliseconds(50);
  Recording recording(config);
  Peer client = recording.client();
  REQUIRE(client.send(kGet));
  REQUIRE(eventually([&] { return recording.proxy->totals().proxied == 1; }));
  recording.proxy->drain();
  REQUIRE(recording.sink.count() == 1);
  CHECK(recording.sink.exchanges()[0].flags.has(http::Flag::cut_off));
  CHECK(recording.sink.exchanges()[0].reason == http::Reason::cut_off);
  CHECK(client.read_to_end().empty());
}

TEST_CASE("a second drain takes the patience of the first away") {
  RawServer origin([](Peer& peer) { peer.read_to_end(); });
  auto config = config_for(origin.port());
  config.time_outs.drain = std::chrono::hours(1);
  Recording recording(config);
  Peer client = recording.client();
  REQUIRE(client.send(kGet));
  REQUIRE(eventually([&] { return recording.proxy->totals().proxied == 1; }));
  std::thread first([&] { recording.proxy->drain(); });
  recording.proxy->drain();
  first.join();
  CHECK(recording.sink.count() == 1);
}

TEST_CASE("the watermark follows the clock on an idle proxy") {
  RawServer origin([](Peer&) {});
  Recording recording(origin.port());
  const Time start = system_clock().wall();
  CHECK(eventually([&] { return recording.sink.watermark() > start; }));
}

TEST_CASE("a body above max_body is recorded as a prefix with its length") {
  RawServer origin([](Peer& peer) { serve_all(peer, response(std::string(100'000, 'b'))); });
  auto config = config_for(origin.port());
  config.max_body = {1000};
  Recording recording(config);
  Peer client = recording.client();
  REQUIRE(client.send(kGet));
  REQUIRE(body_of(client.read_message()).size() == 100'000);
  const auto exchanges = recording.exchanges(1);
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].response.body.bytes.size() == 1000);
  CHECK(exchanges[0].response.body.wire_length == 100'000);
  CHECK(exchanges[0].flags.has(http::Flag::response_truncated));
  CHECK(exchanges[0].reason == http::Reason::none);
}
