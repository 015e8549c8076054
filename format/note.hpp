#pragma once
#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "http/flags.hpp"

namespace tapedeck::format {

enum class NoteLevel : std::uint16_t { fact, loss };

/// A loss or a fact of the recording, as a NOTE record says it. Counts are since the last note of this reason; the
/// writer adds the totals since the recording began.
struct Note {
  http::Reason reason = http::Reason::none;  // none: the recording's first note (tool, version, command, filter ...)
  NoteLevel level = NoteLevel::fact;
  Time from{};
  Time to{};
  std::uint64_t exchanges = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::string json;  // object, or empty
};

}  // namespace tapedeck::format
