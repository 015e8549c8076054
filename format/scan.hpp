#pragma once
#include <cstdint>

#include "base/error.hpp"
#include "format/damage_report.hpp"
#include "format/refusals.hpp"
#include "format/tape_file.hpp"
#include "format/tape_map.hpp"

namespace tapedeck::format {

struct ScanResult {
  TapeMap map;
  DamageReport report;       // bytes, ranges, segments, records; exchanges are counted by who decodes them
  std::uint64_t hashed = 0;  // bytes of payloads: what the scan took
};

/// Walks every byte of a tape and finds every good record (docs/tape-format.md, Recovery). errc::not_a_tape if
/// there is none; errc::newer_version, errc::key_needed, errc::wrong_key.
Result<ScanResult> scan_tape(const TapeFile& file);

}  // namespace tapedeck::format
