#pragma once
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace tapedeck::capture {

/// What reassembly and pairing may hold and how long they wait. Each limit declares a gap or cuts a message; none ends
/// a connection but those of the table of flows.
struct Limits {
  // A hole is declared a gap when its bytes were acknowledged and since then this was seen: packets and time, or the
  // longer time alone. In mirrors, rings and merged files ACKs overtake data.
  std::uint64_t gap_packets = 256;
  Duration gap_time = std::chrono::milliseconds(20);
  Duration gap_time_at_most = std::chrono::seconds(2);

  std::size_t store_bytes = 4 << 20;  // held ahead of a hole, a direction
  std::size_t store_segments = 4096;
  std::size_t all_stores_bytes = 64 << 20;

  std::size_t flows = 1 << 20;
  Duration idle = std::chrono::minutes(5);
  Duration idle_without_data = std::chrono::seconds(30);  // SYN alone, and what is left of a connection that has ended

  std::size_t unanswered = 1024;             // requests of a connection
  std::size_t interim_heads = 64;            // of a request
  std::size_t waiting_bytes = 4 << 20;       // responses whose request is behind a hole
  std::size_t start_line_bytes = 64 * 1024;  // looked at in search of one
};

}  // namespace tapedeck::capture
