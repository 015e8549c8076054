#pragma once
#include <atomic>
#include <stop_token>
#include <thread>

namespace tapedeck::tools {

/// SIGINT and SIGTERM as a stop request; a second one ends the process at once (status 2). Make it before any thread
/// starts: it blocks both signals for all of them.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  std::stop_token token() const { return x_stop.get_token(); }
  /// As if a signal had come.
  void request_stop() { x_stop.request_stop(); }

 private:
  void wait_for_signals();

  std::stop_source x_stop;
  std::atomic<bool> x_leaving = false;
  std::thread x_thread;
};

}  // namespace tapedeck::tools
