#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.hpp"
#include "diff/aggregate.hpp"
#include "diff/differ.hpp"
#include "replay/dispatcher.hpp"
#include "replay/judge.hpp"
#include "replay/live_connection.hpp"
#include "replay/opener.hpp"
#include "replay/pacer.hpp"
#include "replay/saver.hpp"

namespace tapedeck::replay {

/// What the workers of a run share. Outlives them.
struct RunShared {
  const Clock* clock = nullptr;
  StreamProtocol::endpoint endpoint;
  Opener* opener = nullptr;
  Judge* judge = nullptr;  // nullptr: nothing is compared
  Saver* saver = nullptr;  // nullptr: nothing is saved
  InFlight* in_flight = nullptr;
  std::int64_t max_held_bytes = 64 << 20;  // of requests in flight, beyond which recorded answers are let go
  std::atomic<std::int64_t> held_bytes{0};
  std::atomic<bool> stop{false};
  std::atomic<bool> limit_struck{false};  // WhenFull::abort: the whole run is to end
};

struct WorkerOptions {
  unsigned number = 0;
  DispatcherOptions dispatcher;
  Wait wait = Wait::hybrid;
  Duration window{};
  Duration grace = std::chrono::seconds(2);  // after a stop, for what is in flight
};

/// One thread that sends and reads: the pacing loop around a Dispatcher, and its connections.
class Worker final : public Transport {
 public:
  Worker(const WorkerOptions& options, RunShared& shared, Ring& ring);
  ~Worker() override;

  /// The thread's body; returns when everything has ended.
  void run();

  /// From any thread: what happened since the last call, up to 100 ms ago.
  WindowCounts take_window();

  // After run().
  const Dispatcher& dispatcher() const { return x_dispatcher; }
  const diff::Aggregate& aggregate() const { return x_aggregate; }
  std::uint64_t not_saved() const { return x_not_saved; }

  void open(LiveId live) override;
  void probe() override;
  void send(LiveId live, PlannedRequest& request) override;
  void close(LiveId live) override;
  void ended(RequestPtr request, const Outcome& outcome) override;

 private:
  struct Slot {
    std::unique_ptr<LiveConnection> connection;
    std::uint32_t generation = 0;  // tells late handlers of a closed connection
  };

  void loop_until_done();
  void check_stop(MonoTime now);
  void publish(MonoTime now);
  Slot& slot(LiveId live);
  LiveConnection* alive(LiveId live, std::uint32_t generation);
  void on_opened(LiveId live, std::uint32_t generation, Opened opened);
  void arm_read(LiveId live);
  void on_readable(LiveId live, std::uint32_t generation);
  void read(LiveId live, LiveConnection& connection, MonoTime now);
  void on_read(LiveId live, LiveConnection& connection, AnswerReader::State state, FailReason why, MonoTime now);
  void write(LiveId live, LiveConnection& connection);
  void answered(LiveConnection& connection, MonoTime now);
  void compare(AnsweredPtr pair);
  void count_no_answer(const PlannedRequest& request);
  http::Exchange live_exchange(const PlannedRequest& request, http::Exchange answer) const;
  Duration unread_until(MonoTime now);
  Time wall(MonoTime time) const { return x_wall_start + (time - x_mono_start); }

  WorkerOptions x_options;
  RunShared* x_shared;
  MonoTime x_mono_start;
  Time x_wall_start;
  boost::asio::io_context x_io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> x_work;
  Pacer x_pacer;
  http::FieldTable x_fields;
  std::vector<std::byte> x_buffer;
  std::vector<Slot> x_slots;  // by LiveId
  Dispatcher x_dispatcher;
  diff::Differ x_differ;  // for requests without an answer only
  diff::Aggregate x_aggregate;
  http::Exchange x_finished;  // the answer that ended() is about to be told of
  std::uint64_t x_not_saved = 0;

  MonoTime x_quiet;  // when we last knew that no answer lay unread
  bool x_sleeping = false;
  bool x_stopping = false;
  MonoTime x_give_up{};
  MonoTime x_next_publish{};
  std::mutex x_mutex;
  WindowCounts x_window;  // under x_mutex
};

}  // namespace tapedeck::replay
