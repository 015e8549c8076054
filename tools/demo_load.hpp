#pragma once
#include <cstdint>

#include "base/clock.hpp"
#include "base/time.hpp"

namespace tapedeck::tools {

/// Shoppers for a DemoService, or for a proxy in front of one.
struct DemoLoadOptions {
  std::uint16_t port = 0;  // on 127.0.0.1
  double rate = 400;       // requests per second, over all connections
  Duration duration = std::chrono::seconds(4);
  unsigned connections = 20;                   // each kept alive for the whole run
  std::uint64_t seed = 1;                      // same seed, same requests on the same connections
  Duration timeout = std::chrono::seconds(5);  // for one answer
};

/// sent = answered + failed.
struct DemoLoadCounts {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;  // no whole answer: refused, reset, too late
};

/// Sends rate * duration requests, spread evenly over the connections and the time, and waits for the answers.
DemoLoadCounts run_demo_load(const DemoLoadOptions& options, const Clock& clock);

}  // namespace tapedeck::tools
