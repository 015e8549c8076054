#pragma once
#include <string>
#include <unordered_map>

#include "format/foreign/foreign_connections.hpp"
#include "format/foreign/har_entry.hpp"
#include "format/foreign/har_url.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// Which connection each entry belongs to. `connection` names one only together with the host: some browsers write its
/// own number there, Firefox a port. Entries without it, and HTTP/1 entries that overlap an earlier one of theirs, get
/// a connection each.
class HarConnections {
 public:
  explicit HarConnections(SharedNumbers numbers) : x_connections(std::move(numbers)) {}
  ForeignConnections::Place place(const HarEntry& entry, const HarUrl& url, Time first, Time last);

 private:
  ForeignConnections x_connections;
  std::unordered_map<std::string, Time> x_busy_until;  // by connection
};

}  // namespace tapedeck::format
