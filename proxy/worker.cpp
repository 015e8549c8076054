#include "proxy/worker.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/post.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace tapedeck::proxy {
namespace {

namespace asio = boost::asio;

constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr int kAcceptsInARow = 64;

net::UpstreamLimits upstream_limits(const TimeOuts& time_outs) {
  return {.keepalive = time_outs.upstream_keepalive, .max_age = time_outs.upstream_max_age};
}

TeeLimits tee_limits(const ProxyConfig& config, unsigned index) {
  return {.max_body = config.max_body, .first_number = (std::uint64_t{index} << 48) + 1};
}

}  // namespace

Worker::Worker(WorkerShared& shared, unsigned index, int listener, std::unique_ptr<ByteRing> ring)
    : x_shared(shared),
      x_index(index),
      x_loop(1),
      x_listener(x_loop, listener),
      x_ticks(x_loop),
      x_pause(x_loop),
      x_ring(std::move(ring)),
      x_tee(*x_ring, tee_limits(shared.config, index), &shared.waker),
      x_wheel(shared.clock.mono()),
      x_upstreams(x_loop, shared.book, upstream_limits(shared.config.time_outs), shared.clock) {}

Worker::~Worker() { stop(); }

void Worker::start() {
  wait_for_clients();
  tick();
  x_thread = std::thread([this] { x_loop.run(); });
}

void Worker::stop() {
  if (!x_thread.joinable()) return;
  x_loop.stop();
  x_thread.join();
}

void Worker::wait_for_clients() {
  if (!x_listener.is_open()) return;
  x_listener.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
    if (!error) accept_all();
  });
}

void Worker::accept_all() {
  for (int i = 0; i < kAcceptsInARow; ++i) {
    const Accepted accepted = accept_one();
    if (accepted == Accepted::full) return pause_accepting();
    if (accepted == Accepted::none) break;
  }
  wait_for_clients();
}

Worker::Accepted Worker::accept_one() {
  if (x_shared.connections.load(std::memory_order_relaxed) >= x_shared.max_connections) return Accepted::full;
  net::Endpoint peer;
  auto size = static_cast<socklen_t>(peer.capacity());
  const int handle = ::accept4(x_listener.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (handle < 0) {
    const bool starved = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (starved) return Accepted::full;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Accepted::none : Accepted::one;  // that one is gone already
  }
  peer.resize(size);
  welcome(handle, peer);
  return Accepted::one;
}

void Worker::welcome(int handle, const net::Endpoint& peer) {
  net::Socket socket(x_loop);
  error_code error;
  socket.assign(peer.protocol(), handle, error);
  if (error) {
    ::close(handle);
    return;
  }
  if (net::prepare(socket)) return;  // the peer is gone
  auto facts = std::make_shared<http::Connection>();
  facts->number = x_accepted++ * x_shared.config.workers + x_index + 1;
  facts->client = net::address_of(peer);
  facts->server = net::local_address(socket);
  if (const auto addresses = x_shared.book.addresses(); addresses->size() == 1) {
    facts->upstream = net::address_of(addresses->front());
  }
  facts->opened = x_shared.clock.wall();
  x_shared.connections.fetch_add(1, std::memory_order_relaxed);
  x_counters.connections.add();
  const RelayContext context{.forward = x_shared.config.forward,
                             .time_outs = x_shared.config.time_outs,
                             .slab = x_slab,
                             .tee = x_tee,
                             .heads = x_heads,
                             .date = x_date,
                             .counters = x_counters};
  const boost::intrusive_ptr<Connection> connection(
      new Connection(*this, std::move(socket), context, std::move(facts)));
  x_connections.emplace(connection.get(), connection);
  connection->start();
  if (x_draining) connection->drain();
}

// Out of descriptors, or as many clients as are allowed: those who wait stay in the backlog.
void Worker::pause_accepting() {
  if (x_draining) return;
  x_pause.expires_after(kAcceptPause);
  x_pause.async_wait([this](const error_code& error) {
    if (!error) accept_all();
  });
}

void Worker::gone(Connection& connection) {
  x_connections.erase(&connection);
  x_shared.connections.fetch_sub(1, std::memory_order_relaxed);
  look_if_empty();
}

void Worker::look_if_empty() {
  if (!x_draining || x_listener.is_open() || !x_connections.empty()) return;
  x_empty.store(true, std::memory_order_release);
  x_shared.on_empty();
}

void Worker::tick() {
  const Now time = now();
  x_wheel.advance(time.mono);
  x_upstreams.tick(time.mono);
  x_tee.mark(std::min(x_heads.oldest().value_or(time.wall), time.wall));
  x_ticks.expires_after(net::DeadlineWheel::kSlot);
  x_ticks.async_wait([this](const error_code& error) {
    if (!error) tick();
  });
}

std::vector<boost::intrusive_ptr<Connection>> Worker::all_connections() const {
  std::vector<boost::intrusive_ptr<Connection>> all;
  for (const auto& entry : x_connections) all.push_back(entry.second);
  return all;
}

void Worker::stop_accepting() {
  x_pause.cancel();
  error_code ignored;  // it is closed either way
  x_listener.close(ignored);
}

void Worker::drain() {
  asio::post(x_loop, [this] {
    if (std::exchange(x_draining, true)) return;
    while (accept_one() == Accepted::one) {
    }
    stop_accepting();
    for (const auto& connection : all_connections()) connection->drain();
    look_if_empty();
  });
}

void Worker::cut() {
  asio::post(x_loop, [this] {
    x_draining = true;
    stop_accepting();
    for (const auto& connection : all_connections()) connection->cut();
    look_if_empty();
  });
}

}  // namespace tapedeck::proxy
