#pragma once
#include <cstdint>
#include <variant>

#include "replay/breaker.hpp"
#include "replay/connections.hpp"
#include "replay/outcome.hpp"
#include "replay/run_stats.hpp"
#include "replay/schedule.hpp"

namespace tapedeck::replay {

/// Process edge of a worker: the connections. Nothing here calls back into the dispatcher; what comes of it arrives
/// later as one of the on_... events.
struct Transport {
  virtual ~Transport() = default;
  virtual void open(LiveId live) = 0;                                  // -> on_open or on_open_failed
  virtual void probe() = 0;                                            // a connection for nothing -> on_probe
  virtual void send(LiveId live, PlannedRequest& request) = 0;         // -> on_answer or on_broken
  virtual void close(LiveId live) = 0;                                 // no event of it follows
  virtual void ended(RequestPtr request, const Outcome& outcome) = 0;  // the dispatcher is done with it
};

struct DispatcherOptions {
  ScheduleOptions schedule;
  ConnectionMode connections = ConnectionMode::recorded;
  std::size_t pool_size = 0;
  RunStats::Options stats;
};

/// How far an answer had come when its connection broke.
struct Broken {
  FailReason reason = FailReason::reset;
  bool bytes_back = false;  // of the answer
  bool reused = false;      // the connection had carried a request before
};

/// What a worker does, without clock and I/O: takes steps of the schedule, places requests on connections, and brings
/// every request to exactly one end.
class Dispatcher {
 public:
  Dispatcher(const DispatcherOptions& options, Ring& ring, InFlight& limit, Transport& transport);

  void fill_pool();
  struct Progressed {};
  using State = std::variant<Progressed, SleepUntil, Done>;
  /// One step. Progressed: there may be more to do at once.
  State step(MonoTime now);

  void on_open(LiveId live, MonoTime now);
  void on_open_failed(LiveId live, FailReason why, MonoTime now);
  void on_probe(bool connected, MonoTime now);
  void on_answer(PlannedRequest& request, const Answer& answer, MonoTime now);
  void on_broken(PlannedRequest& request, const Broken& broken, MonoTime now);
  /// The target closed a connection that carried nothing.
  void on_idle_closed(LiveId live, MonoTime now);

  /// What is left becomes skipped{stopped}; what is in flight may still be answered.
  void stop() { x_schedule.stop(); }
  /// Ends what is still open.
  void give_up(MonoTime now);

  const Account& account() const { return x_schedule.account(); }
  const Connections& connections() const { return x_connections; }
  RunStats& stats() { return x_stats; }
  const RunStats& stats() const { return x_stats; }
  std::uint64_t retries() const { return x_retries; }
  /// When the oldest unanswered request was sent.
  std::optional<MonoTime> oldest_open() const { return x_schedule.oldest_sent(); }
  bool limit_struck() const { return x_schedule.limit_struck(); }

 private:
  void take(SendNow& step, MonoTime now);
  void take(OpenAhead& step, MonoTime now);
  void take(TimedOut& step, MonoTime now);
  void take(Skipped& step, MonoTime now);
  void apply(const Placement& placement, MonoTime now);
  void send(LiveId live, PlannedRequest& request, MonoTime now);
  void end(PlannedRequest& request, const Outcome& outcome);
  void fail(PlannedRequest& request, FailReason why) { end(request, {.failed = why}); }
  void drop_connection(LiveId live, MonoTime now);
  MayOpen may_open() const { return x_breaker.open() ? MayOpen::no : MayOpen::yes; }

  Schedule x_schedule;
  Connections x_connections;
  Breaker x_breaker;
  RunStats x_stats;
  Transport* x_transport;
  std::uint64_t x_retries = 0;
};

}  // namespace tapedeck::replay
