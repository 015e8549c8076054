#include "replay/planner.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tapedeck::replay {
namespace {

constexpr std::size_t kMaxEndpoints = 500;
constexpr std::size_t kMaxBelated = 1u << 20;

// The finalizer of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

Profile profile_of(const ReplayOptions& options) {
  if (options.asap) return Profile::at_once();
  return options.rate ? Profile::rate(*options.rate) : Profile::speed(options.speed);
}

std::size_t memory_of(const PlannedRequest& request) {
  const http::Exchange& e = request.recorded;
  return sizeof(PlannedRequest) + e.request.head.size() + e.request.body.bytes.size() + e.response.head.size() +
         e.response.body.bytes.size() + request.wire.head.size() + request.wire.after_body.size();
}

}  // namespace

std::uint64_t connection_hash(const http::Exchange& exchange) {
  std::uint64_t a = 0;
  std::uint32_t b = 0;
  std::memcpy(&a, exchange.id.recording.data(), sizeof a);
  std::memcpy(&b, exchange.id.recording.data() + sizeof a, sizeof b);
  const std::uint64_t number = connection_of(exchange).number;
  // An exchange without a connection is alone on one.
  return mix(mix(a ^ (std::uint64_t{b} << 13)) ^ (number != 0 ? mix(number) : mix(~exchange.id.ordinal)));
}

TapePlan::TapePlan(const ReplayOptions& options)
    : x_options(&options), x_profile(profile_of(options)), x_selection(options) {}

void TapePlan::learn(const http::Exchange& exchange) {
  if (const auto why = x_selection.leaves_out(exchange)) {
    ++x_unselected[std::string(name_of(*why))];
    return;
  }
  ++x_planned;
  if (const auto why = unsendable(exchange, x_options->methods)) {
    ++x_skipped[std::string(name_of(*why))];
    return;
  }
  ++x_sendable;
  if (!x_first) x_first = exchange.request.first;
  x_last = exchange.request.first;
  const std::uint64_t key = connection_hash(exchange);
  Lane& lane = x_lanes[key];
  if (lane.sendable > 0 && exchange.sequence < lane.highest && x_belated.size() < kMaxBelated) {
    std::vector<std::uint32_t>& belated = x_belated[key];
    belated.insert(std::ranges::upper_bound(belated, exchange.sequence), exchange.sequence);
  }
  lane.highest = std::max(lane.highest, exchange.sequence);
  ++lane.sendable;
}

Duration TapePlan::period() const {
  if (!x_first) return Duration::zero();
  if (x_options->range.to) return *x_options->range.to - base();
  if (x_options->duration) return *x_options->duration;
  const Duration span = *x_last - base();
  const auto gaps = static_cast<std::int64_t>(x_sendable > 1 ? x_sendable - 1 : 1);
  return span + std::max((*x_last - *x_first) / gaps, Duration(1));
}

std::int64_t TapePlan::passes_later(std::int64_t position, std::uint32_t pass) const {
  const std::int64_t step = x_profile.by_number() ? static_cast<std::int64_t>(x_sendable) : period().count();
  return position + step * pass;
}

Duration TapePlan::position_of_first() const {
  return x_profile.by_number() ? Duration::zero() : x_first.value_or(base()) - base();
}

Duration TapePlan::position_of_last() const {
  if (x_sendable == 0) return Duration::zero();
  const std::int64_t last =
      x_profile.by_number() ? static_cast<std::int64_t>(x_sendable) - 1 : (*x_last - base()).count();
  return Duration(passes_later(last, x_options->loop - 1));
}

Duration TapePlan::length() const { return x_profile.time_of(position_of_last().count()); }

double TapePlan::offered_rps() const {
  const Duration span = length() - first_due();
  const std::uint64_t requests = x_sendable * x_options->loop;
  if (requests < 2 || span <= Duration::zero()) return 0;
  return static_cast<double>(requests - 1) / std::chrono::duration<double>(span).count();
}

Planner::Planner(const TapePlan& plan, const ReplayOptions& options)
    : x_plan(&plan),
      x_options(&options),
      x_wire{options.connections, options.host, options.target.authority()},
      x_selection(options) {}

std::vector<RequestPtr> Planner::end_pass() {
  std::vector<RequestPtr> out;
  for (auto& [key, lane] : x_lanes) {
    for (RequestPtr& held : std::exchange(lane.held, {})) emit(std::move(held), key, lane, out);
  }
  std::ranges::stable_sort(out, {}, [](const RequestPtr& request) { return request->offset; });
  ++x_pass;
  x_selection = Selection(*x_options);
  x_lanes.clear();
  x_number = 0;
  return out;
}

std::vector<RequestPtr> Planner::take(http::Exchange exchange) {
  std::vector<RequestPtr> out;
  if (x_selection.leaves_out(exchange) || unsendable(exchange, x_options->methods)) return out;
  const std::uint64_t key = connection_hash(exchange);
  const std::uint32_t sequence = exchange.sequence;
  Lane& lane = x_lanes[key];
  RequestPtr request = make(std::move(exchange), key);
  if (must_wait(key, lane, sequence)) {
    const auto later =
        std::ranges::find_if(lane.held, [&](const RequestPtr& held) { return held->recorded.sequence > sequence; });
    lane.held.insert(later, std::move(request));
    return out;
  }
  const auto belated = x_plan->x_belated.find(key);
  if (belated != x_plan->x_belated.end() && lane.belated_done < belated->second.size() &&
      belated->second[lane.belated_done] == sequence) {
    ++lane.belated_done;
  }
  emit(std::move(request), key, lane, out);
  while (!lane.held.empty() && !must_wait(key, lane, lane.held.front()->recorded.sequence)) {
    RequestPtr next = std::move(lane.held.front());
    lane.held.erase(lane.held.begin());
    emit(std::move(next), key, lane, out);
  }
  return out;
}

// A request of a lower sequence is still to come on the tape.
bool Planner::must_wait(std::uint64_t key, const Lane& lane, std::uint32_t sequence) const {
  const auto belated = x_plan->x_belated.find(key);
  if (belated == x_plan->x_belated.end() || lane.belated_done >= belated->second.size()) return false;
  return belated->second[lane.belated_done] < sequence;
}

RequestPtr Planner::make(http::Exchange exchange, std::uint64_t key) {
  auto request = std::make_unique<PlannedRequest>();
  const std::int64_t position = x_plan->x_profile.by_number() ? static_cast<std::int64_t>(x_number++)
                                                              : (exchange.request.first - x_plan->base()).count();
  request->offset = x_plan->x_profile.time_of(x_plan->passes_later(position, x_pass));
  request->pass = x_pass;
  request->connection = ConnectionKey{key ^ mix(x_pass)};
  switch (x_options->connections) {
    case ConnectionMode::recorded: request->lane = LaneKey{static_cast<std::uint64_t>(request->connection)}; break;
    case ConnectionMode::pool: request->lane = LaneKey{0}; break;
    case ConnectionMode::per_request:
      request->lane = LaneKey{mix(static_cast<std::uint64_t>(request->connection) + exchange.id.ordinal)};
      break;
  }
  request->last_in_lane = x_options->connections == ConnectionMode::per_request;
  const std::string_view method = http::request_line_of(exchange.request.head).method;
  request->idempotent = is_idempotent(method);
  request->facts = facts_of(exchange);
  request->endpoint = endpoint_number(exchange);
  request->recorded = std::move(exchange);
  request->wire = wire_bytes(request->recorded, x_wire);
  request->bytes = memory_of(*request);
  return request;
}

void Planner::emit(RequestPtr request, std::uint64_t key, Lane& lane, std::vector<RequestPtr>& out) {
  if (request->offset < lane.last) {
    request->offset = lane.last;
    ++x_clamped;
  }
  lane.last = request->offset;
  const bool last = ++lane.planned == x_plan->x_lanes.at(key).sendable;
  if (x_options->connections == ConnectionMode::recorded) request->last_in_lane = last;
  out.push_back(std::move(request));
}

std::uint32_t Planner::endpoint_number(const http::Exchange& exchange) {
  const http::RequestLine line = http::request_line_of(exchange.request.head);
  http::Endpoint endpoint = http::endpoint_of(line.method, line.target);
  auto found = x_numbers.find(endpoint);
  if (found == x_numbers.end()) {
    if (x_endpoints.size() == kMaxEndpoints) endpoint = {"", "other"};
    const auto number = static_cast<std::uint32_t>(x_endpoints.size());
    const auto added = x_numbers.emplace(endpoint, number);
    if (added.second) x_endpoints.push_back(std::move(endpoint));
    found = added.first;
  }
  return found->second;
}

}  // namespace tapedeck::replay
