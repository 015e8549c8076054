#include "proxy/serve.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "base/log.hpp"
#include "net/address_book.hpp"
#include "net/listener.hpp"
#include "net/probe.hpp"
#include "proxy/tee_thread.hpp"
#include "proxy/worker.hpp"

namespace tapedeck::proxy {
namespace {

constexpr Duration kFirstLookup = std::chrono::seconds(2);
constexpr Duration kProbe = std::chrono::seconds(1);
constexpr std::uint64_t kSpareDescriptors = 64;
constexpr ByteSize kLeastRing = 256_KiB;  // room for the longest heads

std::uint64_t default_connections() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 480;
  return std::max<std::uint64_t>(limit.rlim_cur, kSpareDescriptors + 2 * 16) / 2 - kSpareDescriptors / 2;
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }
bool is_any(std::string_view host) { return host.empty() || host == "0.0.0.0" || host == "::"; }

bool is_itself(const ProxyConfig& config, std::uint16_t port) {
  if (!config.upstream.unix_path.empty()) return config.upstream.unix_path == config.listen.unix_path;
  if (!config.listen.unix_path.empty() || config.upstream.port != port) return false;
  const std::string& host = config.listen.host;
  return host == config.upstream.host || (is_loopback(config.upstream.host) && (is_any(host) || is_loopback(host)));
}

ProxyConfig completed(ProxyConfig config) {
  config.workers = std::max(1u, config.workers);
  if (config.max_connections == 0) config.max_connections = default_connections();
  if (config.forward.upstream_authority.empty()) config.forward.upstream_authority = config.upstream.authority();
  return config;
}

}  // namespace

struct Proxy::Impl {
  Impl(ProxyConfig given, http::ExchangeSink& the_sink, const Clock& clock, net::Listeners open)
      : config(completed(std::move(given))),
        listeners(std::move(open)),
        sink(the_sink),
        book(config.upstream, kFirstLookup),
        tee(sink),
        shared{config, clock, book, tee, config.max_connections, 0, [this] { wake(); }} {}
  ~Impl() { drain(Patience::none); }

  Result<void> make_workers();
  void start();
  enum class Patience { configured, none };
  void drain(Patience patience);

 private:
  void wake();
  bool is_empty() const;
  void stop();

 public:
  const ProxyConfig config;
  net::Listeners listeners;
  http::ExchangeSink& sink;
  net::AddressBook book;
  TeeThread tee;
  WorkerShared shared;
  std::vector<std::unique_ptr<Worker>> workers;
  std::mutex mutex;  // of what follows
  std::condition_variable changed;
  bool started = false;
  bool draining = false;
  bool at_once = false;
  bool stopped = false;
};

Result<void> Proxy::Impl::make_workers() {
  const std::uint64_t share = std::max(kLeastRing.bytes, config.ring_memory.bytes / config.workers);
  for (unsigned i = 0; i < config.workers; ++i) {
    auto ring = ByteRing::create({share});
    if (!ring) return ring.error();
    workers.push_back(std::make_unique<Worker>(shared, i, listeners.take(i), std::move(*ring)));
  }
  return {};
}

void Proxy::Impl::start() {
  const auto addresses = book.addresses();
  if (addresses->empty() || !net::accepts_connections(addresses->front(), kProbe)) {
    warn("the upstream " + config.upstream.text() + " cannot be reached; clients get an error until it can");
  }
  std::vector<ByteRing*> rings;
  for (const auto& worker : workers) rings.push_back(&worker->ring());
  tee.start(rings);
  for (const auto& worker : workers) worker->start();
  started = true;
}

void Proxy::Impl::wake() {
  const std::lock_guard lock(mutex);
  changed.notify_all();
}

bool Proxy::Impl::is_empty() const {
  return std::all_of(workers.begin(), workers.end(), [](const auto& worker) { return worker->is_empty(); });
}

// The first call does the work; a later one takes its patience away and waits for it.
void Proxy::Impl::drain(Patience patience) {
  if (!started) return;
  std::unique_lock lock(mutex);
  if (patience == Patience::none || draining) at_once = true;
  changed.notify_all();
  if (std::exchange(draining, true)) return changed.wait(lock, [&] { return stopped; });
  lock.unlock();
  for (const auto& worker : workers) worker->drain();
  lock.lock();
  changed.wait_for(lock, config.time_outs.drain, [&] { return at_once || is_empty(); });
  lock.unlock();
  for (const auto& worker : workers) worker->cut();
  lock.lock();
  changed.wait(lock, [&] { return is_empty(); });
  lock.unlock();
  stop();
  lock.lock();
  stopped = true;
  changed.notify_all();
}

void Proxy::Impl::stop() {
  for (const auto& worker : workers) worker->stop();
  tee.stop();
  for (const auto& worker : workers) {
    const http::Loss loss = worker->tee().take_loss();
    if (loss.exchanges != 0 || loss.bytes != 0) sink.lost(loss);
  }
}

Result<net::Listeners> Proxy::listen(const ProxyConfig& config) {
  auto listeners = net::Listeners::open(config.listen, std::max(1u, config.workers));
  if (listeners && is_itself(config, listeners->port())) {
    return make_error("the upstream " + config.upstream.text() +
                      " is the address to listen on; requests would go round in circles");
  }
  return listeners;
}

Result<std::unique_ptr<Proxy>> Proxy::start(ProxyConfig config, net::Listeners listeners, http::ExchangeSink& sink,
                                            const Clock& clock) {
  auto impl = std::make_unique<Impl>(std::move(config), sink, clock, std::move(listeners));
  if (auto made = impl->make_workers(); !made) return made.error();
  impl->start();
  return std::unique_ptr<Proxy>(new Proxy(std::move(impl)));
}

Result<std::unique_ptr<Proxy>> Proxy::start(ProxyConfig config, http::ExchangeSink& sink, const Clock& clock) {
  auto listeners = listen(config);
  if (!listeners) return listeners.error();
  return start(std::move(config), std::move(*listeners), sink, clock);
}

Proxy::Proxy(std::unique_ptr<Impl> impl) : x_impl(std::move(impl)) {}
Proxy::~Proxy() = default;

void Proxy::drain() { x_impl->drain(Impl::Patience::configured); }

std::uint16_t Proxy::port() const { return x_impl->listeners.port(); }

ProxyTotals Proxy::totals() const {
  ProxyTotals totals;
  for (const auto& worker : x_impl->workers) {
    const Counters& counters = worker->counters();
    totals.connections += counters.connections.value();
    totals.proxied += counters.proxied.value();
    totals.refused += counters.refused.value();
    totals.dropped += worker->tee().dropped();
    totals.upstream_failures += counters.upstream_failures.value();
    totals.upstream_retries += counters.upstream_retries.value();
  }
  return totals;
}

}  // namespace tapedeck::proxy
