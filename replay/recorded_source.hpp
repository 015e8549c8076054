#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "format/damage_report.hpp"
#include "format/tape_reader.hpp"
#include "http/exchange.hpp"

namespace tapedeck::replay {

/// Process edge: the recorded exchanges in time order, as often as needed. One thread at a time.
struct RecordedSource {
  virtual ~RecordedSource() = default;
  /// Starts over. With Bodies::skip bodies have no bytes but a wire_length.
  virtual void rewind(format::Bodies bodies, format::TimeRange range) = 0;
  /// Nothing at the end.
  virtual Result<std::optional<http::Exchange>> next() = 0;
  virtual format::DamageReport damage() const = 0;
};

/// Each once: what comes through a pipe can be read only once.
Result<std::vector<format::TapeReader>> open_tapes(const std::vector<std::filesystem::path>& paths,
                                                   const format::ReadOptions& options);
/// Tapes merged by recorded time.
std::unique_ptr<RecordedSource> merge_tapes(std::vector<format::TapeReader> tapes);

}  // namespace tapedeck::replay
