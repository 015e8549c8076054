#pragma once
#include <cstdint>
#include <deque>

#include "capture/recorder_account.hpp"

namespace tapedeck::capture {

/// Rows that the tape writer took and that are not in the file yet: their fate is not known until they are.
class PendingRows {
 public:
  /// A whole row.
  void add(std::uint64_t ordinal, http::Reason reason) { x_rows.push_back({ordinal, ordinal, reason}); }
  /// A completion row: its number, and the ordinal of the exchange, which has an opening row.
  void add_completion(std::uint64_t number, std::uint64_t ordinal, http::Reason reason) {
    x_completions.push_back({number, ordinal, reason});
  }
  /// What is in the file is recorded, or incomplete if it has a reason.
  void written(const format::Acknowledged& acknowledged, RecorderAccount& account);
  /// The others never will be. An opening row that is in the file makes an incomplete exchange.
  void lost(const format::Acknowledged& acknowledged, http::Reason reason, RecorderAccount& account);

 private:
  struct Row {
    std::uint64_t number;  // among its kind
    std::uint64_t ordinal;
    http::Reason reason;
  };
  static void book(std::deque<Row>& rows, std::uint64_t below, RecorderAccount& account);

  std::deque<Row> x_rows;
  std::deque<Row> x_completions;
};

}  // namespace tapedeck::capture
