#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/time.hpp"
#include "http/url.hpp"
#include "net/socket.hpp"

namespace tapedeck::net {

/// The addresses of an origin. A name is looked up on a thread of its own, every 30 s and when asked, at most once a
/// second; a lookup that fails keeps the last good set. Thread-safe.
class AddressBook {
 public:
  using Addresses = std::vector<Endpoint>;

  /// Waits up to `first_lookup` for a name's addresses.
  AddressBook(http::Origin origin, Duration first_lookup);
  ~AddressBook();

  /// Changes with each new set.
  std::uint64_t version() const { return x_version.load(std::memory_order_acquire); }
  std::shared_ptr<const Addresses> addresses() const;
  /// A connect failed: look again soon.
  void refresh();

 private:
  void run();
  void look_up();
  void replace(Addresses addresses);

  const http::Origin x_origin;
  std::atomic<std::uint64_t> x_version{0};
  mutable std::mutex x_mutex;
  std::condition_variable x_changed;
  std::shared_ptr<const Addresses> x_addresses;  // owners: this, workers until they see a newer version
  bool x_looked_up = false;
  bool x_asked = false;
  bool x_stopping = false;
  std::thread x_thread;
};

}  // namespace tapedeck::net
