#include "replay/run_stats.hpp"

#include <algorithm>

namespace tapedeck::replay {
namespace {

constexpr std::size_t kMaxSlots = 600;

void add(SecondCounts& to, const SecondCounts& from) {
  to.due += from.due;
  to.sent += from.sent;
  to.answered += from.answered;
  to.failed += from.failed;
  to.latency.merge(from.latency);
}

bool is_hopeless(const Outcome& outcome) {
  return outcome.skipped == SkipReason::limit || outcome.skipped == SkipReason::expired;
}

}  // namespace

std::string_view name_of(LateCause cause) {
  constexpr std::array<std::string_view, kLateCauses> kNames{"reader", "loop", "connection", "limit"};
  return kNames[static_cast<std::size_t>(cause)];
}

LateCause Lateness::main_cause() const {
  return static_cast<LateCause>(std::ranges::max_element(parts) - parts.begin());
}

Lateness lateness_of(const PlannedRequest& request) {
  Lateness late;
  const Duration until_handed = std::max(request.handed - request.due, Duration::zero());
  const Duration reader = std::clamp(request.ready - request.due, Duration::zero(), until_handed);
  const Duration limit = std::clamp(request.limit_wait, Duration::zero(), until_handed - reader);
  late.parts[static_cast<std::size_t>(LateCause::reader)] = reader;
  late.parts[static_cast<std::size_t>(LateCause::limit)] = limit;
  late.parts[static_cast<std::size_t>(LateCause::loop)] = until_handed - reader - limit;
  if (request.was_sent)
    late.parts[static_cast<std::size_t>(LateCause::connection)] =
        std::max(request.sent - request.handed, Duration::zero());
  return late;
}

void WindowCounts::merge(const WindowCounts& other) {
  sent += other.sent;
  answered += other.answered;
  failed += other.failed;
  errors += other.errors;
  hopeless += other.hopeless;
  latency.merge(other.latency);
  lateness.merge(other.lateness);
}

void fold(std::vector<SecondCounts>& slots) {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i % 2 == 1) {
      add(slots[i / 2], slots[i]);
    } else if (i > 0) {
      slots[i / 2] = std::move(slots[i]);
    }
  }
  slots.resize((slots.size() + 1) / 2);
}

EndpointLoad& RunStats::load_of(const PlannedRequest& request) {
  if (request.endpoint >= x_endpoints.size()) x_endpoints.resize(request.endpoint + 1);
  return x_endpoints[request.endpoint];
}

SecondCounts& RunStats::slot_of(const PlannedRequest& request) {
  const Duration after = std::max(request.due - x_options.t0, Duration::zero());
  while (after / x_slot >= static_cast<std::int64_t>(kMaxSlots)) {
    fold(x_slots);
    x_slot *= 2;
  }
  const auto index = static_cast<std::size_t>(after / x_slot);
  if (index >= x_slots.size()) x_slots.resize(index + 1);
  return x_slots[index];
}

void RunStats::add(const PlannedRequest& request, const Outcome& outcome) {
  if (outcome.skipped == SkipReason::stopped) return;  // never came to its due time
  SecondCounts& slot = slot_of(request);
  ++slot.due;
  if (is_hopeless(outcome)) ++x_errors, ++x_window.errors, ++x_window.hopeless;
  if (outcome.skipped) return;
  ++slot.sent;
  add_sent(request);
  if (outcome.answer) {
    ++slot.answered;
    add_answer(request, *outcome.answer);
    slot.latency.add(outcome.answer->last - (x_options.latency_from_due ? request.due : request.sent));
    return;
  }
  ++slot.failed;
  ++load_of(request).failed;
  ++x_window.failed;
  if (outcome.failed != FailReason::stopped) ++x_errors, ++x_window.errors;
}

void RunStats::add_sent(const PlannedRequest& request) {
  const MonoTime sent = request.was_sent ? request.sent : request.handed;
  x_first_send = std::min(x_first_send.value_or(sent), sent);
  x_last_send = std::max(x_last_send.value_or(sent), sent);
  const Lateness late = lateness_of(request);
  x_lateness.add(late.total());
  x_generator_lateness.add(late.generator());
  x_window.lateness.add(late.total());
  ++x_window.sent;
  if (late.total() <= x_options.lateness_budget) {
    ++x_on_time;
  } else {
    ++x_late[static_cast<std::size_t>(late.main_cause())];
  }
  EndpointLoad& load = load_of(request);
  ++load.sent;
  if (!request.recorded.has_response()) return;
  const Duration recorded = request.recorded.response.last - request.recorded.request.first;
  x_recorded_latency.add(recorded);
  load.recorded_latency.add(recorded);
}

void RunStats::add_answer(const PlannedRequest& request, const Answer& answer) {
  const Duration service = answer.last - request.sent;
  const Duration latency = x_options.latency_from_due ? answer.last - request.due : service;
  x_latency.add(latency);
  x_service.add(service);
  x_unread.add(answer.unread);
  load_of(request).latency.add(latency);
  x_window.latency.add(latency);
  ++x_window.answered;
  x_last_answer = std::max(x_last_answer.value_or(answer.last), answer.last);
  if (answer.status >= 500 && request.recorded.status < 500) ++x_errors, ++x_window.errors;
}

WindowCounts RunStats::take_window() { return std::exchange(x_window, {}); }

void RunStats::add_to(ReplayResult& result, const std::vector<http::Endpoint>& endpoints) const {
  result.on_time += x_on_time;
  result.errors += x_errors;
  for (std::size_t i = 0; i < kLateCauses; ++i) {
    if (x_late[i] > 0) result.late[std::string(name_of(static_cast<LateCause>(i)))] += x_late[i];
  }
  result.lateness.merge(x_lateness);
  result.generator_lateness.merge(x_generator_lateness);
  result.latency.merge(x_latency);
  result.service.merge(x_service);
  result.recorded_latency.merge(x_recorded_latency);
  for (std::size_t i = 0; i < x_endpoints.size() && i < endpoints.size(); ++i) {
    if (x_endpoints[i].sent == 0) continue;
    EndpointLoad& load = result.endpoints[endpoints[i]];
    load.sent += x_endpoints[i].sent;
    load.failed += x_endpoints[i].failed;
    load.latency.merge(x_endpoints[i].latency);
    load.recorded_latency.merge(x_endpoints[i].recorded_latency);
  }
  std::vector<SecondCounts> slots = x_slots;
  for (Duration slot = x_slot; slot < result.slot; slot *= 2) fold(slots);
  for (; result.slot < x_slot; result.slot *= 2) fold(result.seconds);
  result.seconds.resize(std::max(result.seconds.size(), slots.size()));
  for (std::size_t i = 0; i < slots.size(); ++i) replay::add(result.seconds[i], slots[i]);
}

}  // namespace tapedeck::replay
