#pragma once
#include <chrono>
#include <cstdint>

namespace tapedeck {

using Duration = std::chrono::nanoseconds;

/// Wall-clock time, ns since the Unix epoch: what a tape stores.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Monotonic time: what pacing and time-outs use. Never stored.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

constexpr Time time_from_ns(std::int64_t ns) { return Time{Duration{ns}}; }
constexpr std::int64_t to_ns(Time time) { return time.time_since_epoch().count(); }

}  // namespace tapedeck
