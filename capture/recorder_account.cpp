#include "capture/recorder_account.hpp"

#include <algorithm>

namespace tapedeck::capture {
namespace {

void add(std::map<std::string, std::uint64_t>& counts, http::Reason reason, std::uint64_t n) {
  counts[std::string(http::name_of(reason))] += n;
}

}  // namespace

void RecorderAccount::seen(std::uint64_t exchanges) {
  const std::lock_guard lock(x_mutex);
  x_stats.seen += exchanges;
}

void RecorderAccount::unsee(std::uint64_t exchanges) {
  const std::lock_guard lock(x_mutex);
  x_stats.seen -= exchanges;
}

void RecorderAccount::recorded() {
  const std::lock_guard lock(x_mutex);
  ++x_stats.recorded;
}

void RecorderAccount::incomplete(http::Reason reason) {
  const std::lock_guard lock(x_mutex);
  ++x_stats.incomplete;
  add(x_stats.incomplete_by, reason, 1);
}

void RecorderAccount::filtered(http::Reason reason) {
  const std::lock_guard lock(x_mutex);
  ++x_stats.filtered;
  add(x_stats.filtered_by, reason, 1);
}

void RecorderAccount::dropped(http::Reason reason, std::uint64_t exchanges) {
  const std::lock_guard lock(x_mutex);
  x_stats.dropped += exchanges;
  add(x_stats.dropped_by, reason, exchanges);
}

void RecorderAccount::seen_and_filtered(http::Reason reason) {
  const std::lock_guard lock(x_mutex);
  ++x_stats.seen;
  ++x_stats.filtered;
  add(x_stats.filtered_by, reason, 1);
}

void RecorderAccount::seen_and_dropped(http::Reason reason, std::uint64_t exchanges) {
  const std::lock_guard lock(x_mutex);
  x_stats.seen += exchanges;
  x_stats.dropped += exchanges;
  add(x_stats.dropped_by, reason, exchanges);
}

void RecorderAccount::set_bytes(std::uint64_t on_tape) {
  const std::lock_guard lock(x_mutex);
  x_stats.bytes = on_tape;
}

void RecorderAccount::set_full() {
  const std::lock_guard lock(x_mutex);
  x_stats.full = true;
}

void RecorderAccount::trouble(std::string message) {
  const std::lock_guard lock(x_mutex);
  x_stats.disk_trouble = true;
  x_stats.trouble = std::move(message);
}

void RecorderAccount::remark(std::string message) {
  const std::lock_guard lock(x_mutex);
  x_stats.trouble = std::move(message);
}

void RecorderAccount::trouble_is_over() {
  const std::lock_guard lock(x_mutex);
  x_stats.disk_trouble = false;
}

RecorderStats RecorderAccount::snapshot() const {
  const std::lock_guard lock(x_mutex);
  RecorderStats stats = x_stats;
  stats.in_flight = stats.seen - stats.recorded - stats.filtered - stats.dropped - stats.incomplete;
  return stats;
}

bool RecorderStats::has_loss() const {
  return dropped != 0 || std::ranges::any_of(incomplete_by, [](const auto& entry) {
           return http::is_loss(http::reason_named(entry.first).value_or(http::Reason::none));
         });
}

void RecorderStats::write_fields(JsonWriter& json) const {
  json.field("seen", seen);
  json.field("recorded", recorded);
  json.field("filtered", filtered);
  json.field("dropped", dropped);
  json.field("incomplete", incomplete);
  json.key("reasons");
  json.begin_object();
  json.counts("filtered", filtered_by);
  json.counts("dropped", dropped_by);
  json.counts("incomplete", incomplete_by);
  json.end_object();
  json.field("tape_bytes", bytes);
}

}  // namespace tapedeck::capture
