#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/endpoint.hpp"
#include "replay/planned_request.hpp"
#include "replay/profile.hpp"
#include "replay/replay.hpp"
#include "replay/selection.hpp"
#include "replay/wire.hpp"

namespace tapedeck::replay {

/// What is known of the whole run before it begins: one pass over the tape without bodies. Memory: a few words for each
/// recorded connection.
class TapePlan {
 public:
  explicit TapePlan(const ReplayOptions& options);
  void learn(const http::Exchange& exchange);

  std::uint64_t planned() const { return x_planned; }    // of one pass
  std::uint64_t sendable() const { return x_sendable; }  // of one pass
  const Counts& unselected() const { return x_unselected; }
  const Counts& skipped() const { return x_skipped; }  // of one pass: what cannot be sent
  Time base() const { return x_selection.base().value_or(Time{}); }
  /// How much later the next pass is, in recorded time: the window asked for, else the span and a mean gap.
  Duration period() const;
  const Profile& profile() const { return x_profile; }
  /// When the first request is due, after T0.
  Duration first_due() const { return x_profile.time_of(position_of_first().count()); }
  /// When the last request of the last pass is due, after T0.
  Duration length() const;
  /// Requests per second of the schedule over its own span; 0 if there is no span.
  double offered_rps() const;

 private:
  friend class Planner;
  struct Lane {
    std::uint32_t sendable = 0;
    std::uint32_t highest = 0;  // sequence so far
  };
  Duration position_of_first() const;
  Duration position_of_last() const;
  std::int64_t passes_later(std::int64_t position, std::uint32_t pass) const;

  const ReplayOptions* x_options;
  Profile x_profile;
  Selection x_selection;
  std::uint64_t x_planned = 0;
  std::uint64_t x_sendable = 0;
  Counts x_unselected;
  Counts x_skipped;
  std::optional<Time> x_first, x_last;  // sendable
  std::unordered_map<std::uint64_t, Lane> x_lanes;
  /// Sequences that stand on the tape behind a later one of their connection, ascending. Rare.
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> x_belated;
};

/// The second pass: turns recorded exchanges, in time order, into planned requests.
class Planner {
 public:
  /// `plan` and `options` outlive it.
  Planner(const TapePlan& plan, const ReplayOptions& options);

  /// Those that can be planned now: none, the given one, or it and others that waited for it.
  std::vector<RequestPtr> take(http::Exchange exchange);
  /// The pass is over: whatever still waits, and on to the next.
  std::vector<RequestPtr> end_pass();

  const std::vector<http::Endpoint>& endpoints() const { return x_endpoints; }
  std::uint64_t clamped() const { return x_clamped; }

 private:
  struct Lane {
    std::uint32_t planned = 0;
    std::vector<RequestPtr> held;  // ascending sequence; waits for a belated one
    std::size_t belated_done = 0;
    Duration last{};
  };
  RequestPtr make(http::Exchange exchange, std::uint64_t key);
  bool must_wait(std::uint64_t key, const Lane& lane, std::uint32_t sequence) const;
  void emit(RequestPtr request, std::uint64_t key, Lane& lane, std::vector<RequestPtr>& out);
  std::uint32_t endpoint_number(const http::Exchange& exchange);

  const TapePlan* x_plan;
  const ReplayOptions* x_options;
  WireOptions x_wire;
  Selection x_selection;
  std::uint32_t x_pass = 0;
  std::uint64_t x_number = 0;
  std::uint64_t x_clamped = 0;
  std::unordered_map<std::uint64_t, Lane> x_lanes;
  std::map<http::Endpoint, std::uint32_t> x_numbers;
  std::vector<http::Endpoint> x_endpoints;
};

/// Names a recorded connection among all of a run's tapes.
std::uint64_t connection_hash(const http::Exchange& exchange);

}  // namespace tapedeck::replay
