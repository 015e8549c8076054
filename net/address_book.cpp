#include "net/address_book.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <netdb.h>

#include "base/log.hpp"

namespace tapedeck::net {
namespace {

namespace asio = boost::asio;

constexpr auto kEvery = std::chrono::seconds(30);
constexpr auto kAtMostEvery = std::chrono::seconds(1);

AddressBook::Addresses resolve(const http::Origin& origin) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  AddressBook::Addresses addresses;
  if (::getaddrinfo(origin.host.c_str(), std::to_string(origin.port).c_str(), &hints, &found) != 0) return addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    addresses.emplace_back(at->ai_addr, at->ai_addrlen, IPPROTO_TCP);
  }
  ::freeaddrinfo(found);
  return addresses;
}

// The address if it needs no lookup.
AddressBook::Addresses literal(const http::Origin& origin) {
  if (!origin.unix_path.empty()) return {Endpoint(asio::local::stream_protocol::endpoint(origin.unix_path))};
  error_code error;
  const asio::ip::address address = asio::ip::make_address(origin.host, error);
  if (error) return {};
  return {Endpoint(asio::ip::tcp::endpoint(address, origin.port))};
}

}  // namespace

AddressBook::AddressBook(http::Origin origin, Duration first_lookup)
    : x_origin(std::move(origin)), x_addresses(std::make_shared<const Addresses>()) {
  Addresses known = literal(x_origin);
  if (!known.empty()) {
    replace(std::move(known));
    return;
  }
  x_thread = std::thread([this] { run(); });
  std::unique_lock lock(x_mutex);
  x_changed.wait_for(lock, first_lookup, [&] { return x_looked_up; });
}

AddressBook::~AddressBook() {
  if (!x_thread.joinable()) return;
  {
    const std::lock_guard lock(x_mutex);
    x_stopping = true;
  }
  x_changed.notify_all();
  x_thread.join();
}

std::shared_ptr<const AddressBook::Addresses> AddressBook::addresses() const {
  const std::lock_guard lock(x_mutex);
  return x_addresses;
}

void AddressBook::refresh() {
  if (!x_thread.joinable()) return;
  const std::lock_guard lock(x_mutex);
  x_asked = true;
  x_changed.notify_all();
}

void AddressBook::run() {
  while (true) {
    look_up();
    std::unique_lock lock(x_mutex);
    x_changed.wait_for(lock, kAtMostEvery, [&] { return x_stopping; });
    x_changed.wait_for(lock, kEvery - kAtMostEvery, [&] { return x_stopping || x_asked; });
    if (x_stopping) return;
    x_asked = false;
  }
}

void AddressBook::look_up() {
  Addresses found = resolve(x_origin);
  if (found.empty()) {
    warn("cannot resolve " + x_origin.host + "; keeping the addresses known so far");
  } else {
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (found != *addresses()) replace(std::move(found));
  }
  const std::lock_guard lock(x_mutex);
  x_looked_up = true;
  x_changed.notify_all();
}

void AddressBook::replace(Addresses addresses) {
  const std::lock_guard lock(x_mutex);
  x_addresses = std::make_shared<const Addresses>(std::move(addresses));
  x_version.fetch_add(1, std::memory_order_release);
}

}  // namespace tapedeck::net
