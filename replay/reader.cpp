#include "replay/reader.hpp"

#include <utility>

namespace tapedeck::replay {

namespace {
constexpr Duration kLookAgain = std::chrono::milliseconds(1);
}

Reader::Reader(const Options& options, const ReplayOptions& replay, const TapePlan& plan, RecordedSource& source,
               std::vector<std::unique_ptr<Ring>>& rings, const Clock& clock)
    : x_options(options),
      x_replay(&replay),
      x_source(&source),
      x_rings(&rings),
      x_clock(&clock),
      x_planner(plan, replay) {}

Reader::~Reader() {
  stop();
  finish();
}

void Reader::start() {
  x_thread = std::thread([this] { work(); });
}

void Reader::finish() {
  if (x_thread.joinable()) x_thread.join();
}

void Reader::work() {
  for (std::uint32_t pass = 0; pass < x_replay->loop && !x_stop.load(std::memory_order_relaxed); ++pass) {
    if (auto done = read_pass(); !done) {
      x_trouble = done.error();
      break;
    }
  }
  for (auto& ring : *x_rings) ring->close();
  x_primed.store(true, std::memory_order_release);
}

Result<void> Reader::read_pass() {
  x_source->rewind(format::Bodies::load, x_replay->range);
  while (!x_stop.load(std::memory_order_relaxed)) {
    auto exchange = x_source->next();
    if (!exchange) return exchange.error();
    if (!*exchange) break;
    if (!x_options.keep_answers) std::string().swap((*exchange)->response.body.bytes);
    for (RequestPtr& request : x_planner.take(std::move(**exchange))) push(std::move(request));
  }
  for (RequestPtr& request : x_planner.end_pass()) push(std::move(request));
  return {};
}

void Reader::push(RequestPtr request) {
  // What ties requests together decides the worker: their recorded connection, or nothing.
  const bool alone = x_replay->connections != ConnectionMode::recorded && !x_replay->asap;
  const std::uint64_t hash = static_cast<std::uint64_t>(request->connection) + (alone ? request->recorded.sequence : 0);
  Ring& ring = *(*x_rings)[hash % x_rings->size()];
  while (!x_stop.load(std::memory_order_relaxed)) {
    if (!must_wait(ring, *request)) {
      request->ready = x_clock->mono();
      if (ring.try_push(request)) return;
    }
    x_primed.store(true, std::memory_order_release);
    std::this_thread::sleep_for(kLookAgain);
  }
}

bool Reader::must_wait(Ring& ring, const PlannedRequest& request) const {
  if (ring.size() == 0) return false;
  if (ring.bytes() + request.bytes > x_options.ring_bytes) return true;
  if (!x_options.paced) return false;
  const std::int64_t t0 = x_t0.load(std::memory_order_acquire);
  const Duration elapsed = t0 == 0 ? Duration::zero() : x_clock->mono().time_since_epoch() - Duration(t0);
  return request.offset > elapsed + x_options.ahead;
}

}  // namespace tapedeck::replay
