#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <variant>

#include <boost/intrusive/list.hpp>

#include "base/time.hpp"
#include "replay/account.hpp"
#include "replay/in_flight.hpp"
#include "replay/planned_request.hpp"
#include "replay/replay.hpp"
#include "replay/ring.hpp"

namespace tapedeck::replay {

/// open: at the due time, whatever became of the predecessor. closed: as soon as one of the in-flight places is free
/// and the predecessor on the recorded connection has ended.
enum class Order : std::uint8_t { open, closed };

struct ScheduleOptions {
  Order order = Order::open;
  WhenFull when_full = WhenFull::queue;
  Duration timeout = std::chrono::seconds(30);
  Duration open_ahead = std::chrono::milliseconds(250);
  std::size_t held_requests = 4096;  // closed: taken out of the ring, waiting for their predecessor
  std::size_t held_bytes = 32u << 20;
  Duration recheck = std::chrono::microseconds(200);  // ring empty, or a limit that another worker may free
};

enum class Why : std::uint8_t { due_later, ring_empty, waiting_for_answers };

/// Send it; the request stays valid until on_end() of it.
struct SendNow {
  PlannedRequest* request;
};
/// Its due time comes within `open_ahead`: said once for each request, in order.
struct OpenAhead {
  const PlannedRequest* request;
};
/// Waited or was unanswered for too long: the caller ends it, now.
struct TimedOut {
  PlannedRequest* request;
};
/// Not to be sent; already accounted for.
struct Skipped {
  RequestPtr request;
  SkipReason reason;
};
struct SleepUntil {
  MonoTime time;
  Why why;
};
/// Everything that was planned has ended.
struct Done {};
using Step = std::variant<SendNow, OpenAhead, TimedOut, Skipped, SleepUntil, Done>;

/// How a request that was handed out ended: a skip, a failure, or (neither) an answer.
struct Ended {
  PlannedRequest* request;
  std::optional<SkipReason> skipped;
  std::optional<FailReason> failed;
};

/// One worker's share of the run: which request is to be sent when. No clock, no I/O.
class Schedule {
 public:
  /// `ring` and `limit` outlive it.
  Schedule(const ScheduleOptions& options, Ring& ring, InFlight& limit, MonoTime t0);
  ~Schedule();
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  /// Never a request before its due time, twice, or before its predecessor on the connection.
  Step next(MonoTime now);
  /// The first byte of it went out.
  void on_sent(PlannedRequest& request, MonoTime now);
  /// Frees its place and releases who waits for it. A failure before on_sent counts as tried.
  RequestPtr on_end(const Ended& ended);
  /// What is left in the ring becomes skipped{stopped}.
  void stop() { x_stopped = true; }
  /// Everything handed out and not ended: what give-up code ends one by one.
  PlannedRequest* any_open();
  std::optional<MonoTime> oldest_sent() const {
    return x_sent.empty() ? std::nullopt : std::optional(x_sent.front().sent);
  }
  const Account& account() const { return x_account; }
  /// WhenFull::abort struck.
  bool limit_struck() const { return x_limit_struck; }

 private:
  struct Busy {  // closed: a recorded connection with an unanswered request
    std::deque<RequestPtr> held;
  };
  using DeadlineList = boost::intrusive::list<PlannedRequest, boost::intrusive::base_hook<DeadlineHook>,
                                              boost::intrusive::constant_time_size<false>>;

  std::optional<Step> expire(MonoTime now);
  std::optional<Step> open_step(MonoTime now);
  std::optional<Step> closed_step(MonoTime now);
  std::optional<Step> drain_step();
  std::optional<Step> full(MonoTime now);
  std::optional<Step> announce(MonoTime now);
  Step hand_out(RequestPtr request, MonoTime now);
  Step skip(RequestPtr request, SkipReason why);
  Step wait(MonoTime now) const;
  RequestPtr pop();
  void hold_back(RequestPtr request);
  MonoTime due_of(const PlannedRequest& request) const { return x_t0 + request.offset; }

  ScheduleOptions x_options;
  Ring* x_ring;
  InFlight* x_limit;
  MonoTime x_t0;
  Account x_account;
  DeadlineList x_waiting;                   // by due time
  DeadlineList x_sent;                      // by send time
  std::size_t x_announced = 0;              // places of the ring, from its front, that were announced
  std::optional<MonoTime> x_blocked_since;  // the front of the ring waits for the limit
  bool x_stopped = false;
  bool x_limit_struck = false;
  std::unordered_map<ConnectionKey, Busy> x_busy;
  std::deque<RequestPtr> x_ready;  // closed: held requests whose predecessor has ended
  std::size_t x_held = 0;          // in Busy
  std::size_t x_held_bytes = 0;    // in Busy and x_ready
};

}  // namespace tapedeck::replay
