#pragma once
#include <cstdint>
#include <deque>

#include "capture/recorder_account.hpp"

namespace tapedeck::capture {

/// Rows that the tape writer took and that are not in the file yet: their fate is not known until they are.
class PendingRows {
 public:
  void add(std::uint64_t ordinal, http::Reason reason) { x_rows.push_back({ordinal, reason}); }
  /// Rows below this ordinal are in the file: recorded, or incomplete if they have a reason.
  void written(std::uint64_t ordinal, RecorderAccount& account);
  /// The others never will be.
  void lost(http::Reason reason, RecorderAccount& account);
  bool empty() const { return x_rows.empty(); }

 private:
  struct Row {
    std::uint64_t ordinal;
    http::Reason reason;
  };
  std::deque<Row> x_rows;
};

}  // namespace tapedeck::capture
