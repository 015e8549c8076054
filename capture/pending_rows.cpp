#include "capture/pending_rows.hpp"

namespace tapedeck::capture {

void PendingRows::written(std::uint64_t ordinal, RecorderAccount& account) {
  for (; !x_rows.empty() && x_rows.front().ordinal < ordinal; x_rows.pop_front()) {
    const http::Reason reason = x_rows.front().reason;
    if (reason == http::Reason::none) {
      account.recorded();
    } else {
      account.incomplete(reason);
    }
  }
}

void PendingRows::lost(http::Reason reason, RecorderAccount& account) {
  if (!x_rows.empty()) account.dropped(reason, x_rows.size());
  x_rows.clear();
}

}  // namespace tapedeck::capture
