#include "replay/run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "replay/judge_run.hpp"
#include "replay/recorded_host.hpp"

namespace tapedeck::replay {
namespace {

constexpr Duration kTick = std::chrono::seconds(1);
constexpr Duration kLook = std::chrono::milliseconds(100);
constexpr std::size_t kSpareDescriptors = 128;

unsigned worker_count(const ReplayOptions& options) {
  unsigned count = std::max(options.workers, 1u);
  if (options.connections == ConnectionMode::pool)
    count = std::min(count, static_cast<unsigned>(std::max<std::size_t>(options.pool_size, 1)));
  return count;
}

unsigned judge_threads() { return std::clamp(std::thread::hardware_concurrency() / 2, 1u, 4u); }

void add_counts(Counts& to, const Counts& from, std::uint64_t times = 1) {
  for (const auto& [reason, count] : from) {
    if (count > 0) to[reason] += count * times;
  }
}

}  // namespace

Run::Run(const ReplayOptions& options, RecordedSource& source, const Clock& clock, const ProgressSink& progress)
    : x_options(&options),
      x_source(&source),
      x_clock(&clock),
      x_progress(&progress),
      x_plan(options),
      x_worker_count(worker_count(options)),
      x_watch(options.abort_on) {}

Result<ReplayResult> Run::go(const std::stop_token& stop) {
  if (auto done = prepare(); !done) return done.error();
  set_up();
  x_reader->start();
  while (!x_reader->primed() && !stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  start_workers();
  watch(stop);
  join();
  return collect();
}

Result<void> Run::prepare() {
  auto target = resolve(x_options->target);
  if (!target) return target.error();
  x_target = std::move(*target);
  if (auto done = learn(); !done) return done.error();
  if (auto done = try_connection(*x_target, x_options->connect_timeout); !done) return done.error();
  const std::uint64_t at_once = std::min<std::uint64_t>(x_options->max_in_flight, x_plan.sendable() * x_options->loop);
  const std::uint64_t connections = x_options->connections == ConnectionMode::pool ? x_options->pool_size : at_once;
  if (auto done = allow_descriptors(kSpareDescriptors + connections); !done) return done.error();
  if (!x_options->asap && x_options->wait == Wait::hybrid) x_window = calibrated_window(*x_clock);
  return {};
}

Result<void> Run::learn() {
  RecordedHostGuard guard(x_options->target, x_target->addresses);
  x_source->rewind(format::Bodies::skip, {});
  for (;;) {
    auto exchange = x_source->next();
    if (!exchange) return exchange.error();
    if (!*exchange) break;
    if (const auto where = guard.met_in(**exchange); !where.empty() && !x_options->allow_recorded_host) {
      return make_error(
          fmt::format("the target {} is the system that was recorded ({} of exchange {}); choose another --target, or "
                      "insist with --allow-recorded-host",
                      x_options->target.text(), where, to_string((*exchange)->id)));
    }
    x_plan.learn(**exchange);
  }
  if (x_plan.planned() > 0) return {};
  return make_error(
      fmt::format("nothing to replay: none of {} exchanges was selected; widen --filter, --sample, --from or --to",
                  total(x_plan.unselected())));
}

void Run::set_up() {
  const std::size_t quarter = std::max<std::size_t>(x_options->memory.bytes / 4, 1 << 20);
  const QueueFull when_full = x_options->asap ? QueueFull::wait : QueueFull::drop;
  x_in_flight.emplace(std::max<std::size_t>(x_options->max_in_flight, 1));
  if (compares())
    x_judge = std::make_unique<Judge>(Judge::Options{x_options->compare,
                                                     judge_threads(),
                                                     quarter,
                                                     when_full,
                                                     {x_options->target.authority(), x_options->target.host}});
  if (x_options->save != nullptr)
    x_saver = std::make_unique<Saver>(*x_options->save, x_worker_count, quarter / 2, when_full);
  x_opener = std::make_unique<Opener>(x_target->endpoints.front(), x_options->connect_timeout);
  for (unsigned i = 0; i < x_worker_count; ++i) x_rings.push_back(std::make_unique<Ring>());
  const Reader::Options reader{
      .paced = !x_options->asap, .keep_answers = compares(), .ring_bytes = quarter / x_worker_count};
  x_reader = std::make_unique<Reader>(reader, *x_options, x_plan, *x_source, x_rings, *x_clock);
  x_shared.clock = x_clock;
  x_shared.endpoint = x_target->endpoints.front();
  x_shared.opener = x_opener.get();
  x_shared.judge = x_judge.get();
  x_shared.saver = x_saver.get();
  x_shared.in_flight = &*x_in_flight;
  x_shared.max_held_bytes = static_cast<std::int64_t>(quarter);
}

DispatcherOptions Run::dispatcher_options(unsigned worker) const {
  DispatcherOptions options;
  options.schedule.order = x_options->asap ? Order::closed : Order::open;
  options.schedule.when_full = x_options->when_full;
  options.schedule.timeout = x_options->timeout;
  options.schedule.open_ahead = x_options->open_ahead;
  options.connections = x_options->connections;
  options.pool_size = x_options->pool_size / x_worker_count + (worker < x_options->pool_size % x_worker_count ? 1 : 0);
  options.stats = {x_options->lateness_budget, !x_options->asap, x_t0};
  return options;
}

void Run::start_workers() {
  // Time to open what is due first.
  x_t0 = x_clock->mono() + (x_options->asap ? Duration::zero() : x_options->open_ahead + std::chrono::milliseconds(20));
  x_reader->begin(x_t0);
  x_last_tick = x_t0;
  x_so_far.planned = x_plan.length();
  x_running = x_worker_count;
  for (unsigned i = 0; i < x_worker_count; ++i) {
    const WorkerOptions options{
        .number = i, .dispatcher = dispatcher_options(i), .wait = x_options->wait, .window = x_window};
    x_workers.push_back(std::make_unique<Worker>(options, x_shared, *x_rings[i]));
  }
  for (auto& worker : x_workers) {
    x_threads.emplace_back([this, worker = worker.get()] {
      worker->run();
      const std::lock_guard lock(x_mutex);
      --x_running;
      x_changed.notify_all();
    });
  }
}

void Run::watch(const std::stop_token& stop) {
  std::unique_lock lock(x_mutex);
  const auto over = [this] { return x_running == 0; };
  while (!over()) {
    if (x_ended_because.empty()) {
      x_changed.wait_for(lock, stop, kLook, over);
    } else {
      x_changed.wait_for(lock, kLook, over);
    }
    lock.unlock();
    const MonoTime now = x_clock->mono();
    if (now - x_last_tick >= kTick) every_second(now);
    if (stop.stop_requested()) end("it was stopped");
    if (x_shared.limit_struck.load(std::memory_order_relaxed)) {
      x_aborted = true;
      end("the in-flight limit was reached");
    }
    lock.lock();
  }
}

void Run::every_second(MonoTime now) {
  WindowCounts window;
  for (auto& worker : x_workers) window.merge(worker->take_window());
  const double seconds = std::chrono::duration<double>(now - x_last_tick).count();
  x_last_tick = now;
  x_so_far.elapsed = now - x_t0;
  x_so_far.sent += window.sent;
  x_so_far.answered += window.answered;
  x_so_far.failed += window.failed;
  x_so_far.wanted_rps = x_plan.offered_rps();
  x_so_far.achieved_rps = static_cast<double>(window.sent) / seconds;
  x_so_far.latency_p99 = window.latency.quantile(0.99);
  x_so_far.lateness_p99 = window.lateness.quantile(0.99);
  if (*x_progress) (*x_progress)(x_so_far);
  x_watch.add(std::move(window), x_judge ? x_judge->counts() : Judge::Counts{});
  if (x_watch.strikes()) {
    x_aborted = true;
    end(fmt::format("{} over the last 10 s", x_options->abort_on->text()));
  }
}

void Run::end(std::string why) {
  if (!x_ended_because.empty()) return;
  x_ended_because = std::move(why);
  x_reader->stop();
  x_shared.stop.store(true, std::memory_order_relaxed);
}

void Run::join() {
  for (std::thread& thread : x_threads) thread.join();
  x_reader->stop();
  x_reader->finish();
  x_opener.reset();
  if (x_saver) x_saver->finish();
}

ReplayResult Run::collect() {
  ReplayResult result;
  Histogram unread;
  result.planned = x_plan.planned() * x_options->loop;
  result.unselected = x_plan.unselected();
  add_counts(result.skipped, x_plan.skipped(), x_options->loop);
  std::uint64_t handed = 0;
  for (const auto& worker : x_workers) {
    collect_worker(result, *worker, unread);
    handed += worker->dispatcher().account().handed();
  }
  const std::uint64_t never_reached = x_plan.sendable() * x_options->loop - handed;
  if (never_reached > 0) result.skipped["stopped"] += never_reached;
  if (x_judge) result.comparison.merge(x_judge->finish());
  result.partial = result.skipped.contains("stopped") || result.failed.contains("stopped");
  result.aborted = x_aborted;
  if (result.partial && !x_ended_because.empty()) result.warnings.push_back("the run ended early: " + x_ended_because);
  if (x_reader->trouble())
    result.warnings.push_back("the tape could not be read to its end: " + x_reader->trouble()->message);
  result.clamped = x_reader->clamped();
  result.tape_damage = x_source->damage();
  result.target = x_options->target.text();
  for (const auto& tape : x_options->tapes) result.tapes.push_back(tape.string());
  collect_times(result);
  judge_run(result, *x_options, unread);
  return result;
}

void Run::collect_worker(ReplayResult& result, const Worker& worker, Histogram& unread) {
  const Dispatcher& dispatcher = worker.dispatcher();
  const Account& account = dispatcher.account();
  for (std::size_t i = 0; i < kSkipReasons; ++i) {
    const auto reason = static_cast<SkipReason>(i);
    if (account.skipped(reason) > 0) result.skipped[std::string(name_of(reason))] += account.skipped(reason);
  }
  for (std::size_t i = 0; i < kFailReasons; ++i) {
    const auto reason = static_cast<FailReason>(i);
    if (account.failed(reason) > 0) result.failed[std::string(name_of(reason))] += account.failed(reason);
  }
  result.sent += account.sent();
  result.answered += account.answered();
  result.retries += dispatcher.retries();
  result.reconnects += dispatcher.connections().reconnects();
  result.overflow_connections += dispatcher.connections().overflow();
  result.not_saved += worker.not_saved();
  dispatcher.stats().add_to(result, x_reader->endpoints());
  unread.merge(dispatcher.stats().unread());
  result.comparison.merge(worker.aggregate());
}

void Run::collect_times(ReplayResult& result) const {
  result.speed = x_options->asap || x_options->rate ? 0 : x_options->speed;
  result.latency_from_due = !x_options->asap;
  result.offered_rps = x_plan.offered_rps();
  std::optional<MonoTime> first, last, end;
  const auto later = [](std::optional<MonoTime>& to, const std::optional<MonoTime>& time) {
    if (time && (!to || *time > *to)) to = time;
  };
  for (const auto& worker : x_workers) {
    const RunStats& stats = worker->dispatcher().stats();
    if (stats.first_send() && (!first || *stats.first_send() < *first)) first = stats.first_send();
    later(last, stats.last_send());
    later(end, stats.last_answer());
  }
  later(end, last);
  if (!first) return;
  const Duration span = *last - *first;
  if (result.sent > 1 && span > Duration::zero()) {
    result.achieved_rps = static_cast<double>(result.sent - 1) / std::chrono::duration<double>(span).count();
  }
  result.wall = *end - (x_options->asap ? *first : x_t0 + x_plan.first_due());
}

}  // namespace tapedeck::replay
