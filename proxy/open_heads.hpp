#pragma once
#include <optional>
#include <set>

#include "base/time.hpp"

namespace tapedeck::proxy {

/// First bytes of a worker's requests that have begun to arrive but are no exchange yet: what the watermark waits for.
class OpenHeads {
 public:
  using Place = std::multiset<Time>::iterator;
  Place add(Time first) { return x_firsts.insert(first); }
  void remove(Place place) { x_firsts.erase(place); }
  std::optional<Time> oldest() const {
    if (x_firsts.empty()) return std::nullopt;
    return *x_firsts.begin();
  }

 private:
  std::multiset<Time> x_firsts;
};

}  // namespace tapedeck::proxy
