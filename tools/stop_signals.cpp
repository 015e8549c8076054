#include "tools/stop_signals.hpp"

#include <csignal>
#include <cstdlib>

#include <pthread.h>
#include <unistd.h>

#include "base/log.hpp"

namespace tapedeck::tools {
namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_set();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  x_thread = std::thread([this] { wait_for_signals(); });
}

StopSignals::~StopSignals() {
  x_leaving = true;
  pthread_kill(x_thread.native_handle(), SIGTERM);  // wakes sigwait
  x_thread.join();
}

void StopSignals::wait_for_signals() {
  const sigset_t set = stop_set();
  for (int received = 0; sigwait(&set, &received) == 0 && !x_leaving;) {
    if (x_stop.stop_requested()) {
      inform("second signal: ending at once; the tape stays unsealed but readable");
      _exit(2);
    }
    x_stop.request_stop();
  }
}

}  // namespace tapedeck::tools
