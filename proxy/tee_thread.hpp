#pragma once
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "http/exchange_sink.hpp"
#include "proxy/tee.hpp"
#include "proxy/tee_reader.hpp"

namespace tapedeck::proxy {

/// The one thread that calls the sink: drains the workers' rings in turns, every few milliseconds, so that workers pay
/// for no wake-ups; a ring that fills quickly wakes it.
class TeeThread final : public TeeWaker {
 public:
  explicit TeeThread(http::ExchangeSink& sink) : x_sink(sink) {}
  ~TeeThread() override { stop(); }

  void start(const std::vector<ByteRing*>& rings);
  void wake() override;
  /// The producers have stopped: hands on what is left and joins.
  void stop();

 private:
  void run();
  std::size_t turn();
  void advance();

  http::ExchangeSink& x_sink;
  std::vector<TeeReader> x_readers;
  std::optional<Time> x_watermark;
  std::mutex x_mutex;
  std::condition_variable x_condition;
  bool x_woken = false;
  bool x_stopping = false;
  std::thread x_thread;
};

}  // namespace tapedeck::proxy
