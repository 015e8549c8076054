#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/clock.hpp"
#include "net/address_book.hpp"
#include "proxy/byte_ring.hpp"
#include "proxy/connection.hpp"
#include "proxy/counters.hpp"
#include "proxy/serve.hpp"

namespace tapedeck::proxy {

/// What all workers share; outlives them.
struct WorkerShared {
  const ProxyConfig& config;
  const Clock& clock;
  net::AddressBook& book;
  TeeWaker& waker;
  std::uint64_t max_connections = 0;
  std::atomic<std::uint64_t> connections{0};  // open now, of all workers
  std::function<void()> on_empty;             // is_empty() became true; the worker's thread calls
};

/// One thread with a loop, a listener, connections, pool, deadlines and ring of its own.
class Worker final : private ConnectionHome {
 public:
  Worker(WorkerShared& shared, unsigned index, int listener, std::unique_ptr<ByteRing> ring);
  ~Worker() override;

  void start();
  /// From any thread: accepts what has connected already, then no more.
  void drain();
  /// From any thread: ends all connections at once.
  void cut();
  /// Draining, and no connection is left.
  bool is_empty() const { return x_empty.load(std::memory_order_acquire); }
  /// Stops the loop and joins. Nothing is written to the ring any more.
  void stop();

  const Counters& counters() const { return x_counters; }
  const Tee& tee() const { return x_tee; }
  Tee& tee() { return x_tee; }
  ByteRing& ring() { return *x_ring; }

 private:
  Now now() const override { return {x_shared.clock.mono(), x_shared.clock.wall()}; }
  net::DeadlineWheel& wheel() override { return x_wheel; }
  net::Upstreams& upstreams() override { return x_upstreams; }
  void gone(Connection& connection) override;

  void wait_for_clients();
  void accept_all();
  enum class Accepted { one, none, full };
  Accepted accept_one();
  void welcome(int handle, const net::Endpoint& peer);
  void pause_accepting();
  void stop_accepting();
  void look_if_empty();
  void tick();
  std::vector<boost::intrusive_ptr<Connection>> all_connections() const;

  WorkerShared& x_shared;
  const unsigned x_index;
  boost::asio::io_context x_loop;
  boost::asio::posix::stream_descriptor x_listener;
  boost::asio::steady_timer x_ticks;
  boost::asio::steady_timer x_pause;
  std::unique_ptr<ByteRing> x_ring;
  Counters x_counters;
  Tee x_tee;
  BufferSlab x_slab;
  OpenHeads x_heads;
  HttpDate x_date;
  net::DeadlineWheel x_wheel;
  net::Upstreams x_upstreams;
  std::uint64_t x_accepted = 0;
  bool x_draining = false;
  std::atomic<bool> x_empty{false};
  // Owners: this, and the operations of a connection.
  std::unordered_map<Connection*, boost::intrusive_ptr<Connection>> x_connections;
  std::thread x_thread;
};

}  // namespace tapedeck::proxy
