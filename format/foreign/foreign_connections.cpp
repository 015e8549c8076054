#include "format/foreign/foreign_connections.hpp"

#include <utility>

namespace tapedeck::format {

ForeignConnections::Place ForeignConnections::place_on(const std::string& name, const http::Connection& facts) {
  auto found = x_places.find(name);
  if (found == x_places.end()) {
    if (x_places.size() == kMaxConnections) x_places.clear();
    found = x_places.emplace(name, place_alone(facts)).first;
    return found->second;
  }
  ++found->second.sequence;
  return found->second;
}

ForeignConnections::Place ForeignConnections::place_alone(http::Connection facts) {
  facts.number = ++x_last;
  return {std::make_shared<const http::Connection>(std::move(facts)), 0};
}

}  // namespace tapedeck::format
