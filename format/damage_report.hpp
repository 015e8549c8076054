#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "http/exchange_id.hpp"

namespace tapedeck::format {

struct DamagedRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct SegmentState {
  http::RecordingId recording{};
  std::uint32_t number = 0;
  bool sealed = false;
};

enum class Checked : std::uint8_t {
  rows,    // all was decoded
  stored,  // what is stored is what was written: hashes hold, and nothing was decoded
};

/// What a reader found wrong with a tape: exact wherever it can be, and `tail_unknown` where it cannot.
struct DamageReport {
  std::uint64_t bytes = 0;
  Checked checked = Checked::rows;
  std::vector<DamagedRange> damaged;
  std::vector<SegmentState> segments;
  std::uint64_t records = 0;
  std::uint64_t missing = 0;  // records
  std::uint64_t stale = 0;    // records
  std::uint64_t skipped = 0;  // records of unknown, uncritical types
  std::uint64_t kept = 0;     // exchanges
  std::uint64_t lost = 0;     // exchanges
  std::map<std::string, std::uint64_t>
      degraded;  // exchanges by what is gone: request_body, response_body, response_head, connection
  std::uint64_t completions_lost = 0;
  std::uint64_t incomplete_bytes = 0;  // of bodies in parts that no row speaks of: their exchange was dropped or lost
  Time covered_until{};                // all that began before is accounted for
  bool tail_unknown = false;           // an unsealed end: what came after covered_until cannot be known

  bool intact() const {
    return damaged.empty() && missing == 0 && lost == 0 && completions_lost == 0 && degraded.empty() && !tail_unknown;
  }
  bool sealed() const {
    return std::all_of(segments.begin(), segments.end(), [](const SegmentState& segment) { return segment.sealed; });
  }
  std::string to_json() const;  // the fields of `verify --json`
  void write_fields(JsonWriter& json) const;
  std::string sentence() const;  // one line for people
};

}  // namespace tapedeck::format
