#pragma once
#include <functional>

#include "format/tape_reader.hpp"
#include "format/tape_writer.hpp"

namespace tapedeck::format {

struct CopyResult {
  DamageReport damage;  // of what was read
  std::uint64_t written = 0;
};

/// filter, recover, merge are this: read in time order, keep what `keep` says, write a sorted recording that keeps the
/// ids, with an `inherited` NOTE of the source's losses. `writer` is sealed. Memory as a Cursor's.
Result<CopyResult> copy_tape(TapeReader& from, TapeWriter& writer,
                             const std::function<bool(const http::Exchange&)>& keep, TimeRange range, Time now);

}  // namespace tapedeck::format
