#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/byte_size.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "diff/differ.hpp"
#include "format/tape_reader.hpp"
#include "http/exchange_sink.hpp"
#include "http/filter.hpp"
#include "http/forwarding.hpp"
#include "http/url.hpp"
#include "replay/replay_result.hpp"
#include "replay/thresholds.hpp"

namespace tapedeck::replay {

enum class Methods : std::uint8_t { safe, all };
enum class WhenFull : std::uint8_t { queue, drop, abort };
enum class Wait : std::uint8_t { hybrid, sleep, spin };
enum class ConnectionMode : std::uint8_t { recorded, pool, per_request };

struct ReplayOptions {
  std::vector<std::filesystem::path> tapes;
  format::ReadOptions read;
  http::Origin target;
  double speed = 1;
  std::optional<double> rate;        // requests per second instead of the recorded times
  bool asap = false;                 // closed loop
  format::TimeRange range;           // recorded time
  std::optional<Duration> duration;  // of recorded time, from the first selected request
  std::uint64_t count = 0;           // first N in time order; 0: all
  std::uint32_t loop = 1;
  ConnectionMode connections = ConnectionMode::recorded;
  std::size_t pool_size = 0;
  unsigned workers = 1;
  std::size_t max_in_flight = 10000;
  WhenFull when_full = WhenFull::queue;
  Wait wait = Wait::hybrid;
  Duration timeout = std::chrono::seconds(30);
  Duration connect_timeout = std::chrono::seconds(5);
  Duration open_ahead = std::chrono::milliseconds(250);
  Duration lateness_budget = std::chrono::milliseconds(1);
  ByteSize memory = 256_MiB;
  http::Filter filter;
  http::Sample sample;
  Methods methods = Methods::safe;
  http::HostHeader host = http::HostHeader::keep;
  bool allow_recorded_host = false;
  diff::Compare compare = diff::Compare::full;
  std::vector<Threshold> fail_on;
  std::optional<Threshold> abort_on;   // over the last 10 s, from 100 requests on
  http::ExchangeSink* save = nullptr;  // --save: the answers, under the ids of what was sent
};

/// Told now and then while the replay runs, from its own thread.
struct Progress {
  Duration elapsed{};  // since T0
  Duration planned{};  // whole schedule; 0 if unknown
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  double wanted_rps = 0;  // over the last second
  double achieved_rps = 0;
  Duration latency_p99{};
  Duration lateness_p99{};
};
using ProgressSink = std::function<void(const Progress&)>;

/// The whole run: reads, paces, sends, compares, judges. Errors are trouble before T0 (unreadable tape, empty
/// selection, target unreachable or the recorded host, too few descriptors); afterwards everything is counted.
/// When `stop` is requested what is left becomes skipped{stopped} and the result is partial.
Result<ReplayResult> run_replay(const ReplayOptions& options, const Clock& clock, const ProgressSink& progress,
                                std::stop_token stop);
/// The same of tapes that are open; `options.tapes` are their names.
Result<ReplayResult> run_replay(const ReplayOptions& options, std::vector<format::TapeReader> tapes, const Clock& clock,
                                const ProgressSink& progress, std::stop_token stop);

/// `tapedeck diff A B`: pairs two tapes and compares their answers.
struct TapeDiffOptions {
  std::filesystem::path primary;
  std::filesystem::path candidate;
  format::ReadOptions read;  // of both
  http::Filter filter;
  diff::Compare compare = diff::Compare::full;
  std::vector<Threshold> fail_on;
};
Result<TapeDiffResult> diff_tapes(const TapeDiffOptions& options, std::stop_token stop);

}  // namespace tapedeck::replay
