#include "capture/recorder.hpp"

#include <atomic>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>

#include "capture/recorder_core.hpp"

namespace tapedeck::capture {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 100ms;

}  // namespace

struct Recorder::Impl {
  Impl(RecorderOptions given, const Clock& its_clock)
      : options(std::move(given)), clock(its_clock), queue(options.memory.bytes / 2, options.when_full) {}

  Result<void> start();

  // ---- the source's thread ----
  void take(const http::ExchangePart& part);
  void lost(const http::Loss& loss, Booked booked);
  void push_losses();
  void refuse(const http::ExchangePart& part);

  // ---- the recorder's thread ----
  void run();
  void handle(const QueueItem& item);
  void tick(Time now);
  Time now() const { return options.capture_time ? capture_now : clock.wall(); }

  const RecorderOptions options;
  const Clock& clock;
  RecorderAccount account;
  PartQueue queue;
  std::atomic<bool> stopped = false;  // nothing more is taken
  std::atomic<std::uint64_t> open_memory = 0;
  bool finished = false;

  std::unordered_set<std::uint64_t> skipping;                    // source: exchanges to ignore up to their end
  std::map<std::pair<http::Reason, Booked>, http::Loss> losses;  // source: not queued yet

  std::optional<RecorderCore> core;
  Time capture_now{};
  Time last_tick{};  // capture time
  MonoTime last_mono_tick{};
  std::thread thread;
};

Result<void> Recorder::Impl::start() {
  auto output = TapeOutput::create(options, account);
  if (!output) return output.error();
  core.emplace(options, options.memory.bytes - options.memory.bytes / 2, account, std::move(*output));
  // From capture files the tape's first time is that of the first part.
  if (!options.capture_time) {
    if (auto begun = core->begin(clock.wall()); !begun) return begun;
  }
  thread = std::thread([this] { run(); });
  return {};
}

void Recorder::Impl::take(const http::ExchangePart& part) {
  if (stopped.load(std::memory_order_relaxed)) return;
  const bool is_end = std::holds_alternative<http::EndPart>(part.content);
  if (!skipping.empty() && skipping.contains(part.exchange)) {
    if (is_end) skipping.erase(part.exchange);
    return;
  }
  if (const auto* begin = std::get_if<http::BeginPart>(&part.content)) {
    if (begin->connection && !options.sample.keeps(*begin->connection)) {
      account.seen_and_filtered(http::Reason::sample);
      skipping.insert(part.exchange);
      return;
    }
  }
  if (is_end) {
    queue.push_always(part);
  } else if (!queue.push(part)) {
    refuse(part);
  }
}

/// No room: the exchange is dropped whole.
void Recorder::Impl::refuse(const http::ExchangePart& part) {
  skipping.insert(part.exchange);
  if (!std::holds_alternative<http::BeginPart>(part.content)) {
    queue.push_always(QueueItem(Abandoned{part.exchange, http::Reason::queue_full}));
    return;
  }
  account.seen_and_dropped(http::Reason::queue_full, 1);
  http::Loss loss;
  loss.reason = http::Reason::queue_full;
  loss.exchanges = 1;
  loss.from = loss.to = part.time;
  lost(loss, Booked::yes);
}

void Recorder::Impl::lost(const http::Loss& loss, Booked booked) {
  const auto [place, is_new] = losses.try_emplace({loss.reason, booked}, loss);
  if (!is_new) {
    http::Loss& sum = place->second;
    sum.exchanges += loss.exchanges;
    sum.bytes += loss.bytes;
    sum.packets += loss.packets;
    sum.from = std::min(sum.from, loss.from);
    sum.to = std::max(sum.to, loss.to);
  }
  push_losses();
}

/// Those that find no room stay, added up.
void Recorder::Impl::push_losses() {
  std::erase_if(losses, [this](const auto& entry) {
    return queue.push(QueueItem(LossItem{entry.second, entry.first.second}));
  });
}

void Recorder::Impl::run() {
  while (true) {
    const bool closed = queue.closed();  // asked first: what is queued before the end is still handled
    PartBatch batch = queue.pop();
    const bool last = closed && batch.items().empty();
    for (const QueueItem& item : batch.items()) handle(item);
    queue.done(std::move(batch));
    if (last) break;
    if (!options.capture_time) tick(now());
  }
  core->finish(now());
  open_memory.store(0, std::memory_order_relaxed);
}

void Recorder::Impl::handle(const QueueItem& item) {
  const auto* part = std::get_if<http::ExchangePart>(&item);
  if (options.capture_time && part != nullptr) {
    capture_now = std::max(capture_now, part->time);
    if (!core->begun()) {
      (void)core->begin(capture_now);  // its failure is booked as disk trouble
      last_tick = capture_now;
    }
    if (capture_now - last_tick >= kTick) tick(capture_now);
  }
  core->handle(item, now());
  open_memory.store(core->memory(), std::memory_order_relaxed);
  if (core->full()) stopped.store(true, std::memory_order_relaxed);
  // A long batch must not hold up what is to happen by the clock.
  if (!options.capture_time && part != nullptr && std::holds_alternative<http::EndPart>(part->content)) tick(now());
}

void Recorder::Impl::tick(Time time) {
  const MonoTime mono = clock.mono();
  if (!options.capture_time && mono - last_mono_tick < kTick) return;
  last_mono_tick = mono;
  last_tick = time;
  core->tick(time, mono);
}

Recorder::Recorder(std::unique_ptr<Impl> impl) : x_impl(std::move(impl)) {}

Recorder::~Recorder() {
  if (!x_impl->finished) (void)finish();
}

Result<std::unique_ptr<Recorder>> Recorder::create(RecorderOptions options, const Clock& clock) {
  auto impl = std::make_unique<Impl>(std::move(options), clock);
  if (auto started = impl->start(); !started) return started.error();
  return std::unique_ptr<Recorder>(new Recorder(std::move(impl)));
}

void Recorder::take(const http::ExchangePart& part) noexcept { x_impl->take(part); }

void Recorder::lost(const http::Loss& loss) noexcept { x_impl->lost(loss, Booked::no); }

void Recorder::advance(Time watermark) noexcept {
  if (!x_impl->losses.empty()) x_impl->push_losses();
  (void)x_impl->queue.push(QueueItem(Watermark{watermark}));  // without room: the next one will do
}

RecorderStats Recorder::stats() const {
  RecorderStats stats = x_impl->account.snapshot();
  stats.memory = x_impl->queue.memory() + x_impl->open_memory.load(std::memory_order_relaxed);
  return stats;
}

Result<RecorderStats> Recorder::finish() {
  x_impl->stopped.store(true, std::memory_order_relaxed);
  for (const auto& [key, loss] : x_impl->losses) x_impl->queue.push_always(QueueItem(LossItem{loss, key.second}));
  x_impl->losses.clear();
  x_impl->queue.close();
  if (x_impl->thread.joinable()) x_impl->thread.join();
  x_impl->finished = true;
  return stats();
}

}  // namespace tapedeck::capture
