#include "net/upstreams.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

namespace tapedeck::net {
namespace {

constexpr std::size_t kTries = 3;
constexpr unsigned kFailuresUntilAside = 3;
constexpr Duration kAside = std::chrono::seconds(5);

}  // namespace

void Upstream::wait_readable() {
  if (x_waits_read) return;
  x_waits_read = true;
  x_socket.async_wait(Socket::wait_read, [self = boost::intrusive_ptr(this)](const error_code& error) {
    self->x_waits_read = false;
    if (error) return;
    if (self->x_pool != nullptr) return self->x_pool->drop(*self);  // closed by the upstream, or bytes nobody asked for
    if (self->x_user != nullptr) self->x_user->upstream_readable();
  });
}

void Upstream::wait_writable() {
  if (x_waits_write) return;
  x_waits_write = true;
  x_socket.async_wait(Socket::wait_write, [self = boost::intrusive_ptr(this)](const error_code& error) {
    self->x_waits_write = false;
    if (!error && self->x_user != nullptr) self->x_user->upstream_writable();
  });
}

Upstreams::Upstreams(boost::asio::io_context& loop, AddressBook& book, UpstreamLimits limits, const Clock& clock)
    : x_loop(loop), x_book(book), x_limits(limits), x_clock(clock) {}

Upstreams::~Upstreams() { close_idle(); }

// Connections to addresses that are gone finish their work, but are not used again.
void Upstreams::look_at_book() {
  const std::uint64_t version = x_book.version();
  if (version == x_version) return;
  close_idle();
  x_version = version;
  x_addresses.clear();
  for (const Endpoint& endpoint : *x_book.addresses()) x_addresses.push_back({endpoint, {}, 0, {}});
}

std::optional<std::size_t> Upstreams::next_address(MonoTime now) {
  look_at_book();
  if (x_addresses.empty()) return std::nullopt;
  for (std::size_t i = 0; i < x_addresses.size(); ++i) {
    const std::size_t at = (x_turn + i) % x_addresses.size();
    if (x_addresses[at].aside_until > now) continue;
    x_turn = at + 1;
    return at;
  }
  return x_turn++ % x_addresses.size();
}

boost::intrusive_ptr<Upstream> Upstreams::take_idle(MonoTime now, std::optional<Duration> within) {
  look_at_book();
  for (std::size_t i = 0; i < x_addresses.size(); ++i) {
    auto& idle = x_addresses[(x_turn + i) % x_addresses.size()].idle;
    if (idle.empty()) continue;
    const Upstream& last = *idle.back();
    if (now >= last.x_keep_until || (within && now - last.x_idle_since > *within)) continue;
    x_turn += i + 1;
    boost::intrusive_ptr<Upstream> taken = std::move(idle.back());
    idle.pop_back();
    taken->x_pool = nullptr;
    return taken;
  }
  return nullptr;
}

void Upstreams::keep(boost::intrusive_ptr<Upstream> upstream, MonoTime now, std::optional<Duration> keep_for) {
  upstream->x_user = nullptr;
  const Duration span = std::min(x_limits.keepalive, keep_for.value_or(x_limits.keepalive));
  upstream->x_keep_until = std::min(now + span, upstream->x_opened + x_limits.max_age);
  look_at_book();
  if (upstream->x_version != x_version || upstream->x_keep_until <= now) return close(upstream->x_socket);
  auto& idle = x_addresses[upstream->x_address].idle;
  if (idle.size() >= x_limits.idle) return close(upstream->x_socket);
  upstream->x_idle_since = now;
  upstream->x_pool = this;
  upstream->wait_readable();
  idle.push_back(std::move(upstream));
}

void Upstreams::drop(Upstream& upstream) {
  auto& idle = x_addresses[upstream.x_address].idle;
  upstream.x_pool = nullptr;
  close(upstream.x_socket);
  std::erase_if(idle, [&](const auto& one) { return one.get() == &upstream; });
}

void Upstreams::tick(MonoTime now) {
  for (Address& address : x_addresses) {
    std::erase_if(address.idle, [&](const auto& one) {
      if (one->x_keep_until > now) return false;
      one->x_pool = nullptr;
      close(one->x_socket);
      return true;
    });
  }
}

void Upstreams::close_idle() {
  for (Address& address : x_addresses) {
    for (const auto& one : address.idle) {
      one->x_pool = nullptr;
      close(one->x_socket);
    }
    address.idle.clear();
  }
}

std::size_t Upstreams::idle() const {
  std::size_t sum = 0;
  for (const Address& address : x_addresses) sum += address.idle.size();
  return sum;
}

boost::intrusive_ptr<Dial> Upstreams::dial(UpstreamUser& user) {
  boost::intrusive_ptr<Dial> dial(new Dial(user));
  boost::asio::post(x_loop, [this, dial] { attempt(dial); });
  return dial;
}

void Upstreams::cancel(Dial& dial) {
  dial.x_user = nullptr;
  if (dial.x_upstream) close(dial.x_upstream->x_socket);
}

void Upstreams::attempt(boost::intrusive_ptr<Dial> dial) {
  if (dial->x_user == nullptr) return;
  const MonoTime now = x_clock.mono();
  const std::optional<std::size_t> address = next_address(now);
  if (!address) {
    x_book.refresh();
    return dial->x_user->dialled(nullptr, true);
  }
  ++dial->x_tries;
  dial->x_upstream.reset(new Upstream(x_loop, *address, now));
  dial->x_upstream->x_version = x_version;
  Upstream& upstream = *dial->x_upstream;
  upstream.x_socket.async_connect(x_addresses[*address].endpoint,
                                  [this, dial](const error_code& error) { attempted(dial, error); });
}

void Upstreams::attempted(const boost::intrusive_ptr<Dial>& dial, error_code error) {
  boost::intrusive_ptr<Upstream> upstream = std::move(dial->x_upstream);
  if (dial->x_user == nullptr) {  // given up: it took too long
    if (upstream) judge(*upstream, !error, x_clock.mono());
    return;
  }
  if (!error) error = prepare(upstream->x_socket);
  judge(*upstream, !error, x_clock.mono());
  if (!error) return dial->x_user->dialled(std::move(upstream), false);
  x_book.refresh();
  if (dial->x_tries < std::min(kTries, x_addresses.size())) return attempt(dial);
  dial->x_user->dialled(nullptr, false);
}

void Upstreams::judge(const Upstream& upstream, bool well, MonoTime now) {
  if (upstream.x_version != x_version) return;
  Address& address = x_addresses[upstream.x_address];
  address.failures = well ? 0 : address.failures + 1;
  if (address.failures >= kFailuresUntilAside) address.aside_until = now + kAside;
  if (well) address.aside_until = {};
}

}  // namespace tapedeck::net
