#pragma once
#include <string_view>

#include "base/error.hpp"
#include "format/damage_report.hpp"
#include "format/tape_file.hpp"
#include "format/tape_map.hpp"

namespace tapedeck::format {

struct ScanResult {
  TapeMap map;
  DamageReport report;  // bytes, ranges, segments, records; exchanges are counted by who decodes them
};

/// Walks every byte of a tape and finds every good record (docs/tape-format.md, Recovery). errc::not_a_tape if
/// there is none; errc::newer_version, errc::key_needed, errc::wrong_key.
Result<ScanResult> scan_tape(const TapeFile& file);

/// `what` a newer tapedeck wrote at `offset`.
Error newer_version(std::string_view name, std::string_view what, std::uint64_t offset);
Error key_needed(std::string_view name);
Error wrong_key(std::string_view name);
Error not_a_tape(std::string_view name, std::string_view why);

}  // namespace tapedeck::format
