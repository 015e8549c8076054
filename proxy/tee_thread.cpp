#include "proxy/tee_thread.hpp"

#include <algorithm>

namespace tapedeck::proxy {
namespace {

constexpr std::size_t kTurn = 1 << 20;
constexpr auto kRest = std::chrono::milliseconds(5);
constexpr auto kIdleRest = std::chrono::milliseconds(20);

}  // namespace

void TeeThread::start(const std::vector<ByteRing*>& rings) {
  for (ByteRing* ring : rings) x_readers.emplace_back(*ring);
  x_thread = std::thread([this] { run(); });
}

void TeeThread::wake() {
  {
    const std::lock_guard lock(x_mutex);
    x_woken = true;
  }
  x_condition.notify_one();
}

void TeeThread::stop() {
  if (!x_thread.joinable()) return;
  {
    const std::lock_guard lock(x_mutex);
    x_stopping = true;
  }
  x_condition.notify_one();
  x_thread.join();
}

void TeeThread::run() {
  auto rest = kRest;
  while (true) {
    {
      std::unique_lock lock(x_mutex);
      x_condition.wait_for(lock, rest, [&] { return x_woken || x_stopping; });
      x_woken = false;
      if (x_stopping) break;
    }
    std::size_t sum = 0;
    while (const std::size_t taken = turn()) sum += taken;
    rest = sum > 0 ? kRest : kIdleRest;
  }
  while (turn() > 0) {
  }
}

std::size_t TeeThread::turn() {
  std::size_t taken = 0;
  for (TeeReader& reader : x_readers) taken += reader.drain(x_sink, kTurn);
  if (taken > 0) advance();
  return taken;
}

void TeeThread::advance() {
  std::optional<Time> least;
  for (const TeeReader& reader : x_readers) {
    if (!reader.watermark()) return;
    least = std::min(least.value_or(*reader.watermark()), *reader.watermark());
  }
  if (!least || (x_watermark && *least <= *x_watermark)) return;
  x_watermark = least;
  x_sink.advance(*least);
}

}  // namespace tapedeck::proxy
