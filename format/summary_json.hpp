#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "format/tape_summary.hpp"

namespace tapedeck::format {

/// The JSON part of a SUMMARY: all of the totals, so that it reads back equal (file size, segments aside).
std::string summary_to_json(const TapeSummary& summary);
std::optional<TapeSummary> summary_from_json(std::string_view json);

/// TapeSummary::add for rows whose bodies are not loaded, or whose flags are not yet those of the tape.
struct KeptBytes {
  std::uint64_t request = 0;
  std::uint64_t response = 0;
};
void add_exchange(TapeSummary& summary, const http::Exchange& exchange, http::FlagSet flags, KeptBytes kept);
/// For rows whose request head is not at hand.
void add_exchange(TapeSummary& summary, const http::Exchange& exchange, const http::Endpoint& endpoint,
                  http::FlagSet flags, KeptBytes kept);

}  // namespace tapedeck::format
