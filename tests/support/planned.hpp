#pragma once
#include <initializer_list>
#include <utility>

#include "replay/planned_request.hpp"
#include "replay/ring.hpp"

namespace tapedeck::test {

struct Plan {
  std::uint64_t connection;
  Duration offset;
  bool last = false;
};

/// A request without a message: what schedules and connections need to know of one.
inline replay::RequestPtr planned(const Plan& plan) {
  auto request = std::make_unique<replay::PlannedRequest>();
  request->connection = replay::ConnectionKey{plan.connection};
  request->lane = replay::LaneKey{plan.connection};
  request->last_in_lane = plan.last;
  request->offset = plan.offset;
  request->idempotent = true;
  request->bytes = 100;
  return request;
}

inline void fill(replay::Ring& ring, std::initializer_list<Plan> plans) {
  for (const Plan& plan : plans) {
    replay::RequestPtr request = planned(plan);
    ring.try_push(request);
  }
  ring.close();
}

}  // namespace tapedeck::test
