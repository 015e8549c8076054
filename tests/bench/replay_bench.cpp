// How punctual a replay is: achieved against wanted rate, lateness, at 1x, 2x and 10x of a recording of 1000 requests/s
// on 64 connections, against a bare epoll server on a thread of its own. Reports; asserts nothing.
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "replay/run.hpp"
#include "tests/support/recorded_traffic.hpp"

namespace {

using namespace tapedeck;

/// Answers every head that ends with one fixed answer.
class BareServer {
 public:
  BareServer() {
    x_listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(x_listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(x_listener, 1024) != 0)
      std::abort();
    ::getsockname(x_listener, reinterpret_cast<sockaddr*>(&address), &size);
    x_port = ntohs(address.sin_port);
    x_thread = std::thread([this] { serve(); });
  }
  ~BareServer() {
    x_stop = true;
    x_thread.join();
    ::close(x_listener);
  }
  std::uint16_t port() const { return x_port; }
  std::uint64_t served() const { return x_served; }

 private:
  void serve() {
    const int epoll = ::epoll_create1(0);
    watch(epoll, x_listener);
    std::vector<int> open;
    while (!x_stop) {
      epoll_event events[64];
      const int ready = ::epoll_wait(epoll, events, 64, 50);
      for (int i = 0; i < ready; ++i) {
        if (events[i].data.fd != x_listener) {
          answer(events[i].data.fd);
          continue;
        }
        const int fd = ::accept4(x_listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd < 0) continue;
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, fd);
        open.push_back(fd);
      }
    }
    for (const int fd : open) ::close(fd);
    ::close(epoll);
  }
  static void watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  void answer(int fd) {
    static const std::string kAnswer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x');
    char buffer[16384];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) {
      ::shutdown(fd, SHUT_RDWR);
      return;
    }
    std::string_view rest(buffer, static_cast<std::size_t>(got));
    for (std::size_t end; (end = rest.find("\r\n\r\n")) != rest.npos; rest.remove_prefix(end + 4)) {
      ++x_served;
      if (::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) return;
    }
  }

  int x_listener = -1;
  std::uint16_t x_port = 0;
  std::atomic<bool> x_stop{false};
  std::atomic<std::uint64_t> x_served{0};
  std::thread x_thread;
};

const std::string kBody(100, 'x');

void replay_at(benchmark::State& state, diff::Compare compare, double seconds) {
  const auto speed = static_cast<double>(state.range(0));
  test::RecordedTraffic traffic;
  const int requests = static_cast<int>(1000 * speed * seconds);
  for (int i = 0; i < requests; ++i) {
    traffic.add(
        {1 + static_cast<std::uint64_t>(i % 64), std::chrono::milliseconds(i),
         test::RecordedTraffic::get("/items/" + std::to_string(i % 100), "User-Agent: bench\r\nAccept: */*\r\n"),
         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + kBody});
  }
  for (auto _ : state) {
    BareServer server;
    replay::ReplayOptions options;
    options.target.host = "127.0.0.1";
    options.target.port = server.port();
    options.speed = speed;
    options.compare = compare;
    const auto result = replay::Run(options, traffic, system_clock(), {}).go({});
    if (!result) {
      state.SkipWithError(result.error().message.c_str());
      return;
    }
    const auto us = [](Duration duration) { return static_cast<double>(duration.count()) / 1000; };
    state.counters["achieved/wanted"] = result->achieved_rps / result->offered_rps;
    state.counters["late_p50_us"] = us(result->lateness.quantile(0.5));
    state.counters["late_p99_us"] = us(result->lateness.quantile(0.99));
    state.counters["late_max_us"] = us(result->lateness.max());
    state.counters["latency_p50_us"] = us(result->latency.quantile(0.5));
    state.counters["latency_p99_us"] = us(result->latency.quantile(0.99));
    state.counters["valid"] = result->valid ? 1 : 0;
    state.counters["served"] = static_cast<double>(server.served());
    state.counters["sent"] = static_cast<double>(result->sent);
    state.counters["identical"] = static_cast<double>(result->comparison.identical());
  }
}

void paced(benchmark::State& state) { replay_at(state, diff::Compare::off, 5); }
void paced_and_compared(benchmark::State& state) { replay_at(state, diff::Compare::full, 5); }

void as_fast_as_possible(benchmark::State& state) {
  test::RecordedTraffic traffic;
  for (int i = 0; i < 200'000; ++i) {
    traffic.add({1 + static_cast<std::uint64_t>(i % 64), std::chrono::milliseconds(i),
                 test::RecordedTraffic::get("/items/7", "User-Agent: bench\r\nAccept: */*\r\n"),
                 "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + kBody});
  }
  for (auto _ : state) {
    BareServer server;
    replay::ReplayOptions options;
    options.target.host = "127.0.0.1";
    options.target.port = server.port();
    options.asap = true;
    options.max_in_flight = 64;
    options.compare = diff::Compare::off;
    const auto result = replay::Run(options, traffic, system_clock(), {}).go({});
    if (result) state.counters["achieved_rps"] = result->achieved_rps;
  }
}

BENCHMARK(paced)->Arg(1)->Arg(2)->Arg(10)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(paced_and_compared)->Arg(1)->Arg(2)->Arg(10)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(as_fast_as_possible)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
