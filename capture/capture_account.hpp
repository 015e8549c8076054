#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "base/json_writer.hpp"

namespace tapedeck::capture {

using Counts = std::map<std::string, std::uint64_t>;

/// What became of the packets. packets_read = segments + fragments + skipped;
/// payload = delivered + duplicate + too_late + cut_by_snaplen + refused; stream length = delivered + missing.
struct CaptureAccount {
  std::uint64_t packets_read = 0;
  std::uint64_t segments = 0;
  std::uint64_t fragments = 0;
  Counts skipped;
  std::uint64_t payload = 0;
  std::uint64_t delivered = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t too_late = 0;
  std::uint64_t cut_by_snaplen = 0;
  Counts refused;
  std::uint64_t missing_wire = 0;      // acknowledged by the receiver, never seen here
  std::uint64_t missing_given_up = 0;  // holes closed without that proof
  std::uint64_t missing_snaplen = 0;
  Counts opaque;  // bytes that are no HTTP we read: not_http, http2, upgraded ...
  std::uint64_t http = 0;
  std::uint64_t resync = 0;
  std::uint64_t flows_seen = 0;
  std::uint64_t flows_timed_out = 0;
  std::uint64_t flows_evicted = 0;
  std::uint64_t overlap_inconsistent = 0;  // ranges for which two different contents were seen
  std::uint64_t fragments_dropped = 0;     // of IP datagrams that never became whole
  std::uint64_t kernel_drops = 0;
  std::uint64_t interface_drops = 0;
  std::uint64_t source_drops = 0;
  std::uint64_t unread_bytes = 0;  // of capture files that ended in damage
  std::string unread_where;        // for people: file and position

  bool has_loss() const { return kernel_drops + interface_drops + source_drops + unread_bytes != 0; }
  /// `packets`, `bytes`, `flows`, `kernel_drops` ... into an open object.
  void write_fields(JsonWriter& json) const;
};

}  // namespace tapedeck::capture
