#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/exchange.hpp"

namespace tapedeck::format {

/// Gives the connections of an import their numbers, whichever of its readers finds them: from 1, each once.
class ConnectionNumbers {
 public:
  std::uint64_t next() { return ++x_last; }

 private:
  std::uint64_t x_last = 0;
};
using SharedNumbers = std::shared_ptr<ConnectionNumbers>;  // owners: the readers of an import, and the import

/// What a file says of the connection that a request went over.
struct ConnectionFacts {
  std::string_view server;     // its address, in brackets or not; anything else: unknown
  std::string_view authority;  // host[:port] of the URL, no user
  bool tls = false;
  std::string_view protocol = "http/1.1";  // what was spoken over TLS
};
http::Connection connection_of(const ConnectionFacts& facts);

/// Finds the connections of a file by their names, and counts the exchanges on them. Bounded: of very many it forgets,
/// and what comes later on a forgotten one gets a new number.
class ForeignConnections {
 public:
  explicit ForeignConnections(SharedNumbers numbers) : x_numbers(std::move(numbers)) {}

  struct Place {
    std::shared_ptr<const http::Connection> connection;
    std::uint32_t sequence = 0;
  };
  /// On the connection of this name; `facts` (its number apart) count when it is new.
  Place place_on(const std::string& name, const http::Connection& facts);
  /// On one of its own.
  Place place_alone(http::Connection facts = {});

 private:
  static constexpr std::size_t kMaxConnections = 65'536;
  std::map<std::string, Place, std::less<>> x_places;
  SharedNumbers x_numbers;
};

}  // namespace tapedeck::format
