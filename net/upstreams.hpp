#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "base/clock.hpp"
#include "base/time.hpp"
#include "net/address_book.hpp"
#include "net/socket.hpp"

namespace tapedeck::net {

class Upstream;
class Upstreams;

template <class T>
using Counted = boost::intrusive_ref_counter<T, boost::thread_unsafe_counter>;  // owners are of one loop

/// Who has an upstream connection, or waits for one.
struct UpstreamUser {
  virtual ~UpstreamUser() = default;
  /// The answer to dial(): the connection, or none: `no_address` tells that there was nothing to try.
  virtual void dialled(boost::intrusive_ptr<Upstream> upstream, bool no_address) = 0;
  virtual void upstream_readable() = 0;
  virtual void upstream_writable() = 0;
};

/// A connection to the upstream. Owners: its user or the pool, and the waits that are under way.
class Upstream : public Counted<Upstream> {
 public:
  Upstream(boost::asio::io_context& loop, std::size_t address, MonoTime now)
      : x_socket(loop), x_address(address), x_opened(now) {}

  Socket& socket() { return x_socket; }
  /// Tells the user once, unless such a wait is under way; it may tell falsely.
  void wait_readable();
  void wait_writable();
  void set_user(UpstreamUser* user) { x_user = user; }

 private:
  friend Upstreams;
  Socket x_socket;
  UpstreamUser* x_user = nullptr;
  Upstreams* x_pool = nullptr;  // while idle
  bool x_waits_read = false;
  bool x_waits_write = false;
  std::size_t x_address;  // index into the set it was dialled from
  std::uint64_t x_version = 0;
  MonoTime x_opened;
  MonoTime x_idle_since{};
  MonoTime x_keep_until{};
};

/// An attempt to connect, over up to three addresses. Owners: its user, the operation under way.
class Dial : public Counted<Dial> {
 private:
  friend Upstreams;
  explicit Dial(UpstreamUser& user) : x_user(&user) {}
  UpstreamUser* x_user;  // null once cancelled
  boost::intrusive_ptr<Upstream> x_upstream;
  std::size_t x_tries = 0;
};

struct UpstreamLimits {
  Duration keepalive{};
  Duration max_age{};
  std::size_t idle = 64;
};

/// One loop's connections to the upstream: idle ones by address, last in first out; addresses take turns, one that
/// failed three times in a row is left out for 5 s unless all did.
class Upstreams {
 public:
  Upstreams(boost::asio::io_context& loop, AddressBook& book, UpstreamLimits limits, const Clock& clock);
  ~Upstreams();

  /// An idle connection, used within the last `within` (any, if unset).
  boost::intrusive_ptr<Upstream> take_idle(MonoTime now, std::optional<Duration> within);
  /// Answers through `user` at a later time, unless cancelled.
  boost::intrusive_ptr<Dial> dial(UpstreamUser& user);
  static void cancel(Dial& dial);
  /// An exchange has ended on it, cleanly.
  void keep(boost::intrusive_ptr<Upstream> upstream, MonoTime now, std::optional<Duration> keep_for);
  /// Closes what has been idle for too long.
  void tick(MonoTime now);
  std::size_t idle() const;
  void close_idle();

 private:
  friend Upstream;
  struct Address {
    Endpoint endpoint;
    std::vector<boost::intrusive_ptr<Upstream>> idle;
    unsigned failures = 0;
    MonoTime aside_until{};
  };
  void look_at_book();
  std::optional<std::size_t> next_address(MonoTime now);
  void attempt(boost::intrusive_ptr<Dial> dial);
  void attempted(const boost::intrusive_ptr<Dial>& dial, error_code error);
  void judge(const Upstream& upstream, bool well, MonoTime now);
  void drop(Upstream& upstream);

  boost::asio::io_context& x_loop;
  AddressBook& x_book;
  const UpstreamLimits x_limits;
  const Clock& x_clock;
  std::uint64_t x_version = 0;
  std::vector<Address> x_addresses;
  std::size_t x_turn = 0;
};

}  // namespace tapedeck::net
