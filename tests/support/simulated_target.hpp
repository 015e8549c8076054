#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "replay/dispatcher.hpp"

namespace tapedeck::test {

using namespace replay;

/// A target in simulated time behind a Dispatcher: events come when the script says, in time order.
class SimulatedTarget final : public Transport {
 public:
  struct Script {
    std::function<Duration()> connect_time = [] { return Duration(0); };
    std::function<bool()> refuses = [] { return false; };
    std::function<MonoTime(MonoTime sent_at)> answers_at = [](MonoTime sent_at) { return sent_at; };
    std::function<bool()> breaks = [] { return false; };        // instead of an answer
    std::function<bool()> closes_after = [] { return false; };  // the answer says Connection: close
  };
  explicit SimulatedTarget(Script script) : x_script(std::move(script)) {}

  void open(LiveId live) override {
    const bool refused = x_script.refuses();
    at(x_now + x_script.connect_time(), live, [this, live, refused] {
      refused ? x_dispatcher->on_open_failed(live, FailReason::refused, x_now) : x_dispatcher->on_open(live, x_now);
    });
  }
  void probe() override {
    const bool refused = x_script.refuses();
    at(x_now + x_script.connect_time(), kNoLive, [this, refused] { x_dispatcher->on_probe(!refused, x_now); });
  }
  void send(LiveId live, PlannedRequest& request) override {
    sent.push_back({&request, request.connection, request.recorded.sequence, x_now, request.due});
    const bool reused = x_used[live]++ > 0;
    const bool breaks = x_script.breaks();
    const MonoTime when = std::max(x_now, x_script.answers_at(x_now));
    at(when, live, [this, &request, reused, breaks, closes = x_script.closes_after()] {
      if (breaks) {
        x_dispatcher->on_broken(request, {FailReason::reset, false, reused}, x_now);
      } else {
        x_dispatcher->on_answer(request, {200, x_now, x_now, Duration(0), !closes}, x_now);
      }
    });
  }
  void close(LiveId live) override {
    x_used.erase(live);
    ++x_generation[live];
  }
  void ended(RequestPtr request, const Outcome& outcome) override {
    ++ends;
    if (on_ended) on_ended(*request, outcome);
  }

  /// Runs until everything has ended, or `until`.
  void run(Dispatcher& dispatcher, MonoTime start, MonoTime until = MonoTime::max()) {
    x_dispatcher = &dispatcher;
    x_now = start;
    dispatcher.fill_pool();
    while (x_now < until) {
      const Dispatcher::State state = dispatcher.step(x_now);
      if (after_step) after_step(x_now);
      if (std::holds_alternative<Done>(state)) return;
      if (std::holds_alternative<Dispatcher::Progressed>(state)) continue;
      const MonoTime wake = std::get<SleepUntil>(state).time;
      if (!x_events.empty() && x_events.begin()->first <= wake) {
        fire();
      } else {
        x_now = std::max(wake, x_now + Duration(1));
      }
    }
  }
  void bind(Dispatcher& dispatcher, MonoTime now) { x_dispatcher = &dispatcher, x_now = now; }
  MonoTime now() const { return x_now; }

  struct Sent {
    PlannedRequest* request;
    ConnectionKey connection;
    std::uint32_t sequence;
    MonoTime time, due;
  };
  std::vector<Sent> sent;
  std::uint64_t ends = 0;
  std::function<void(const PlannedRequest&, const Outcome&)> on_ended;
  std::function<void(MonoTime)> after_step;

 private:
  struct Event {
    LiveId live;
    std::uint64_t generation;  // closing a connection cancels its events
    std::function<void()> action;
  };
  void at(MonoTime time, LiveId live, std::function<void()> action) {
    x_events.emplace(time, Event{live, x_generation[live], std::move(action)});
  }
  void fire() {
    const auto first = x_events.begin();
    x_now = std::max(x_now, first->first);
    const Event event = std::move(first->second);
    x_events.erase(first);
    if (event.generation == x_generation[event.live]) event.action();
    if (after_step) after_step(x_now);
  }

  Script x_script;
  Dispatcher* x_dispatcher = nullptr;
  MonoTime x_now{};
  std::multimap<MonoTime, Event> x_events;
  std::map<LiveId, std::uint64_t> x_generation;
  std::map<LiveId, int> x_used;
};

}  // namespace tapedeck::test
