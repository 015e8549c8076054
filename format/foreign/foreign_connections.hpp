#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "http/exchange.hpp"

namespace tapedeck::format {

/// Numbers the connections of an import, and the exchanges on them. Bounded: of very many it forgets, and what comes
/// later on a forgotten one gets a new number.
class ForeignConnections {
 public:
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
  std::uint64_t x_last = 0;
};

}  // namespace tapedeck::format
