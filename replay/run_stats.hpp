#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/histogram.hpp"
#include "base/time.hpp"
#include "http/endpoint.hpp"
#include "replay/outcome.hpp"
#include "replay/planned_request.hpp"
#include "replay/replay_result.hpp"

namespace tapedeck::replay {

/// Where a request's time between due and send went.
enum class LateCause : std::uint8_t { reader, loop, connection, limit };
inline constexpr std::size_t kLateCauses = 4;
std::string_view name_of(LateCause cause);

struct Lateness {
  std::array<Duration, kLateCauses> parts{};
  Duration total() const { return parts[0] + parts[1] + parts[2] + parts[3]; }
  /// Ours: the reader or the loop was not in time.
  Duration generator() const { return parts[0] + parts[1]; }
  LateCause main_cause() const;
};
/// Of a request that was tried.
Lateness lateness_of(const PlannedRequest& request);

/// Counts of a short time, for the progress line and --abort-on.
struct WindowCounts {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  std::uint64_t errors = 0;    // as in ReplayResult
  std::uint64_t hopeless = 0;  // skipped{limit, expired}
  Histogram latency;
  Histogram lateness;
  void merge(const WindowCounts& other);
};

/// What one worker counts about the requests that have ended. One thread; merging adds.
class RunStats {
 public:
  struct Options {
    Duration lateness_budget{};
    bool latency_from_due = true;
    MonoTime t0{};
  };
  explicit RunStats(const Options& options) : x_options(options) {}

  void add(const PlannedRequest& request, const Outcome& outcome);
  /// What happened since the last call.
  WindowCounts take_window();

  /// Adds everything to `result`; `endpoints` names the endpoint numbers of the requests.
  void add_to(ReplayResult& result, const std::vector<http::Endpoint>& endpoints) const;

  const Histogram& unread() const { return x_unread; }
  std::optional<MonoTime> first_send() const { return x_first_send; }
  std::optional<MonoTime> last_send() const { return x_last_send; }
  std::optional<MonoTime> last_answer() const { return x_last_answer; }

 private:
  void add_sent(const PlannedRequest& request);
  void add_answer(const PlannedRequest& request, const Answer& answer);
  EndpointLoad& load_of(const PlannedRequest& request);
  SecondCounts& slot_of(const PlannedRequest& request);

  Options x_options;
  Histogram x_lateness, x_generator_lateness, x_latency, x_service, x_recorded_latency, x_unread;
  std::uint64_t x_on_time = 0;
  std::uint64_t x_errors = 0;
  std::array<std::uint64_t, kLateCauses> x_late{};
  std::vector<EndpointLoad> x_endpoints;
  std::vector<SecondCounts> x_slots;
  Duration x_slot = std::chrono::seconds(1);
  WindowCounts x_window;
  std::optional<MonoTime> x_first_send, x_last_send, x_last_answer;
};

/// Joins neighbours, so that the series is half as long.
void fold(std::vector<SecondCounts>& slots);

}  // namespace tapedeck::replay
