#include "replay/judge.hpp"

#include <utility>

#include <sys/resource.h>

namespace tapedeck::replay {
namespace {

constexpr int kNice = 10;

std::size_t bytes_of(const http::Message& message) {
  return message.head.size() + message.trailers.size() + message.body.bytes.size();
}

}  // namespace

std::size_t Answered::bytes() const {
  return sizeof(Answered) + request->bytes + bytes_of(live.request) + bytes_of(live.response);
}

diff::PairResult not_compared(std::string_view reason) {
  diff::PairResult result;
  result.outcome = diff::Outcome::not_compared;
  result.not_compared = reason;
  return result;
}

Judge::Judge(const Options& options) : x_options(options), x_queue(options.queue_bytes) {
  for (unsigned i = 0; i < options.threads; ++i) {
    Seat& seat = *x_seats.emplace_back(std::make_unique<Seat>());
    seat.thread = std::thread([this, &seat] { work(seat); });
  }
}

Judge::~Judge() {
  x_queue.close();
  for (auto& seat : x_seats) {
    if (seat->thread.joinable()) seat->thread.join();
  }
}

bool Judge::take(AnsweredPtr pair) {
  const std::size_t cost = pair->bytes();
  return x_options.when_full == QueueFull::wait ? x_queue.push(std::move(pair), cost)
                                                : x_queue.try_push(std::move(pair), cost);
}

void Judge::work(Seat& seat) {
  // On Linux a nice value belongs to the thread. Without it comparing only competes harder, so a failure is no trouble.
  if (x_options.when_full == QueueFull::drop) (void)setpriority(PRIO_PROCESS, 0, kNice);
  diff::Differ differ(x_options.compare);
  differ.add_own_hosts({}, x_options.target_hosts);
  while (auto pair = x_queue.pop()) {
    const http::Exchange& recorded = (*pair)->request->recorded;
    const http::Exchange& live = (*pair)->live;
    diff::PairResult result = differ.compare(recorded, live);
    // A whole answer that could not be told from none: whatever the reason, it is an answer.
    if (result.outcome == diff::Outcome::no_answer) result = not_compared("body_cut");
    seat.aggregate.add(recorded, live.status, result);
    if (result.outcome == diff::Outcome::not_compared) continue;
    x_pairs.fetch_add(1, std::memory_order_relaxed);
    if (result.outcome == diff::Outcome::different) x_different.fetch_add(1, std::memory_order_relaxed);
  }
}

diff::Aggregate Judge::finish() {
  x_queue.close();
  diff::Aggregate sum;
  for (auto& seat : x_seats) {
    seat->thread.join();
    sum.merge(seat->aggregate);
  }
  return sum;
}

Judge::Counts Judge::counts() const {
  return {x_pairs.load(std::memory_order_relaxed), x_different.load(std::memory_order_relaxed)};
}

}  // namespace tapedeck::replay
