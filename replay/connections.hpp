#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/intrusive/list.hpp>

#include "replay/planned_request.hpp"
#include "replay/replay.hpp"

namespace tapedeck::replay {

/// What the caller does next. `send` goes out on `live`; `open` is a live connection to be opened; `close`: `live` is
/// not wanted any more (already forgotten here).
struct Placement {
  PlannedRequest* send = nullptr;
  LiveId live = kNoLive;
  std::optional<LiveId> open = std::nullopt;
  bool close = false;
  bool refused = false;  // would need a new connection, and none may be opened
};

enum class MayOpen : std::uint8_t { no, yes };

/// Which live connection carries a request. Live connections belong to lanes: one a recorded connection (as many as it
/// needs at once), the pool (never more than N), or one a request. Within a lane requests go out in the order of
/// place(). No I/O.
class Connections {
 public:
  Connections(ConnectionMode mode, std::size_t pool_size) : x_mode(mode), x_pool_size(pool_size) {}

  /// Puts the request on an idle connection, or lets it wait for one.
  Placement place(PlannedRequest& request, MayOpen may_open);
  /// recorded: its lane has no live connection yet. The id to open.
  std::optional<LiveId> announce(const PlannedRequest& request);
  /// pool: opens all of it.
  std::vector<LiveId> fill_pool();
  /// The request goes back to the head of its lane: what it was on is gone.
  Placement retry(PlannedRequest& request, MayOpen may_open);

  Placement on_open(LiveId live);
  /// `send`: the one that fails with it. `open`: others wait too.
  Placement on_open_failed(LiveId live, MayOpen may_open);
  /// Those who wait in a lane without any connection, taken out of it.
  std::vector<PlannedRequest*> stranded(LaneKey lane);
  /// Its request was answered and it can carry another.
  Placement on_free(LiveId live);
  /// Closed by either side; its request (if any) is the caller's.
  Placement on_gone(LiveId live);
  /// The request waits no more. No effect if it does not wait.
  void withdraw(PlannedRequest& request);
  /// A placed request has ended. Idle connections of a lane that is over, to be closed (already forgotten here).
  std::vector<LiveId> on_end(const PlannedRequest& request);
  /// A request that was never placed. The same.
  std::vector<LiveId> on_skip(const PlannedRequest& request);

  std::uint64_t overflow() const { return x_overflow; }
  std::uint64_t reconnects() const { return x_reconnects; }
  std::size_t live_count() const { return x_live_count; }

 private:
  using WaitingList = boost::intrusive::list<PlannedRequest, boost::intrusive::base_hook<LaneHook>,
                                             boost::intrusive::constant_time_size<false>>;
  struct Lane {
    WaitingList waiting;
    std::deque<LiveId> idle;  // the longest idle first
    std::size_t lives = 0;
    std::size_t connecting = 0;
    std::size_t waiters = 0;      // in `waiting`
    std::size_t outstanding = 0;  // placed, not ended
    bool had_live = false;
    bool last_seen = false;  // its last request was placed or skipped
  };
  enum class State : std::uint8_t { free, connecting, idle, busy };
  struct Live {
    State state = State::free;
    LaneKey lane{};
  };

  Live& at(LiveId live) { return x_lives[static_cast<std::size_t>(live)]; }
  Lane* lane_of(LiveId live);
  LiveId open_in(LaneKey key, Lane& lane);
  void forget(LiveId live, Lane* lane);
  /// The front of the waiting list gets `live`, or it becomes idle.
  Placement use_or_rest(LiveId live, Lane& lane);
  bool may_grow(const Lane& lane) const { return x_mode != ConnectionMode::pool || lane.lives < x_pool_size; }
  Placement wait_in(LaneKey key, Lane& lane, MayOpen may_open);
  PlannedRequest& take_waiter(Lane& lane);
  std::vector<LiveId> close_if_over(LaneKey key);

  ConnectionMode x_mode;
  std::size_t x_pool_size;
  std::unordered_map<LaneKey, Lane> x_lanes;
  std::vector<Live> x_lives;
  std::vector<LiveId> x_free;
  std::size_t x_live_count = 0;
  std::uint64_t x_overflow = 0;
  std::uint64_t x_reconnects = 0;
};

}  // namespace tapedeck::replay
