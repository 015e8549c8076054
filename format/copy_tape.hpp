#pragma once
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "format/tape_reader.hpp"
#include "format/tape_writer.hpp"

namespace tapedeck::format {

struct CopyOptions {
  std::function<bool(const http::Exchange&)> keep;  // empty: all
  TimeRange range;
  std::string first_note;  // JSON: what copies, and by which choice; empty: no such NOTE
  std::stop_token stop;    // ends the copy early: it is sealed all the same
};

struct CopyResult {
  DamageReport damage;  // of what was read
  std::uint64_t written = 0;
  bool stopped = false;
};

/// filter, recover, merge are this: read in time order, keep what is asked for, write a sorted recording that keeps the
/// ids, with an `inherited` NOTE of the source's losses. `writer` is sealed. Memory as a Cursor's with Bodies::refer:
/// large bodies go over part by part.
Result<CopyResult> copy_tape(TapeReader& from, TapeWriter& writer, const CopyOptions& options, Time now);

}  // namespace tapedeck::format
