#include "capture/pending_rows.hpp"

namespace tapedeck::capture {

void PendingRows::book(std::deque<Row>& rows, std::uint64_t below, RecorderAccount& account) {
  for (; !rows.empty() && rows.front().number < below; rows.pop_front()) {
    const http::Reason reason = rows.front().reason;
    if (reason == http::Reason::none) {
      account.recorded();
    } else {
      account.incomplete(reason);
    }
  }
}

void PendingRows::written(const format::Acknowledged& acknowledged, RecorderAccount& account) {
  book(x_rows, acknowledged.written, account);
  book(x_completions, acknowledged.completions, account);
}

void PendingRows::lost(const format::Acknowledged& acknowledged, http::Reason reason, RecorderAccount& account) {
  if (!x_rows.empty()) account.dropped(reason, x_rows.size());
  x_rows.clear();
  for (const Row& row : x_completions) {
    if (row.ordinal < acknowledged.written) {
      account.incomplete(reason);
    } else {
      account.dropped(reason);
    }
  }
  x_completions.clear();
}

}  // namespace tapedeck::capture
