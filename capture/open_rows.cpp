#include "capture/open_rows.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "format/layout.hpp"

namespace tapedeck::capture {
namespace {

using namespace std::chrono_literals;

constexpr Duration kOpenAfter = 2s;
constexpr Duration kPartAge = 10s;
// A body that is smaller frees too little for a part of its own, of about as many bytes: relieve() leaves it.
constexpr std::uint64_t kSmallBody = 128;

}  // namespace

/// A filter can ask for the request's size: without a response, but with all of the request, it knows what it wants.
bool OpenRows::is_decided(std::uint64_t exchange) const {
  const http::Filter& filter = x_options->filter;
  return filter.text().empty() || (!filter.needs_response() && x_assembler->request_is_whole(exchange));
}

/// Whether parts of it may stand on the tape before it ends. One that the filter refuses is given up here.
bool OpenRows::may_leave(std::uint64_t exchange) {
  if (x_leaving.contains(exchange)) return true;
  const http::Exchange* const open = x_assembler->find(exchange);
  if (open == nullptr || open->request.head.empty() || !x_output->is_writing() || !is_decided(exchange)) return false;
  if (!x_options->filter.matches(*open)) {
    x_account->filtered(http::Reason::filter);
    x_assembler->forget(exchange);
    return false;
  }
  x_leaving.try_emplace(exchange);
  return true;
}

bool OpenRows::append_part(std::uint64_t exchange, http::Side side, std::uint64_t limit, bool last, Time now) {
  format::BlobNumber& body = x_leaving.at(exchange).body[index_of(side)];
  if (body == 0) body = x_output->begin_body();
  const format::BlobNumber number = body;
  format::BodyPart part =
      format::part_of(*x_assembler->find(exchange), side, x_assembler->take_body(exchange, side, limit));
  part.last = last;
  return x_output->append_body(number, std::move(part), now);
}

void OpenRows::body_grew(std::uint64_t exchange, http::Side side, Time now) {
  if (x_assembler->held(exchange, side).bytes <= format::kInlineBody || !may_leave(exchange)) return;
  // A request that stands whole in its row gets no parts: what comes behind it is none of its body.
  if (side == http::Side::request && x_leaving.at(exchange).request_is_done) return;
  // Whole parts at once: the tape cuts them, and what stays behind is copied once.
  const std::uint64_t parts = (x_assembler->held(exchange, side).bytes - 1) / format::kInlineBody;
  (void)append_part(exchange, side, parts * format::kInlineBody, false, now);
  settle_interruptions(now);
}

std::optional<Time> OpenRows::tick(Time now) {
  std::vector<std::uint64_t> to_open;
  std::vector<std::pair<std::uint64_t, http::Side>> old;
  x_assembler->for_each_open([&](std::uint64_t exchange, Time first) {
    const auto leaving = x_leaving.find(exchange);
    const bool waits = leaving == x_leaving.end() || (!leaving->second.row && !leaving->second.is_refused);
    if (waits && now - first >= kOpenAfter) to_open.push_back(exchange);
    if (leaving == x_leaving.end()) return;
    for (const http::Side side : http::kSides) {
      const auto held = x_assembler->held(exchange, side);
      if (held.bytes > 0 && now - held.since >= kPartAge) old.emplace_back(exchange, side);
    }
  });
  for (const std::uint64_t exchange : to_open) open(exchange, now);
  for (const auto& [exchange, side] : old) {
    const auto leaving = x_leaving.find(exchange);
    if (leaving == x_leaving.end() || (side == http::Side::request && leaving->second.request_is_done)) continue;
    (void)append_part(exchange, side, UINT64_MAX, false, now);
    settle_interruptions(now);
  }
  std::optional<Time> oldest;
  x_assembler->for_each_open([&](std::uint64_t exchange, Time first) {
    if (!has_row(exchange) && (!oldest || first < *oldest)) oldest = first;
  });
  return oldest;
}

/// The request's body stands in the row if all of it is here, else it leaves in parts, of which the row needs the
/// first.
void OpenRows::open(std::uint64_t exchange, Time now) {
  if (!may_leave(exchange)) return;
  const bool is_whole = x_assembler->request_is_whole(exchange);
  const bool in_parts = !is_whole || x_leaving.at(exchange).body[0] != 0;
  const http::Exchange& known = *x_assembler->find(exchange);
  const bool has_body = known.request.body.state != http::BodyState::omitted;
  Leaving& leaving = x_leaving.at(exchange);
  if (in_parts && has_body) {
    if (!append_part(exchange, http::Side::request, UINT64_MAX, is_whole, now)) return settle_interruptions(now);
    leaving.request_is_done = is_whole;
  }
  leaving.row = x_output->open(known, now, {leaving.body[0], 0});
  if (!leaving.row) {
    leaving.is_refused = true;
    return settle_interruptions(now);
  }
  leaving.request_is_done = is_whole || !has_body;
  if (!in_parts) (void)x_assembler->take_body(exchange, http::Side::request, UINT64_MAX);
  ++x_opened;
}

void OpenRows::relieve(std::uint64_t target, Time now) {
  struct Candidate {
    std::uint64_t bytes;
    std::uint64_t exchange;
    http::Side side;
  };
  std::vector<Candidate> candidates;
  x_assembler->for_each_open([&](std::uint64_t exchange, Time) {
    for (const http::Side side : http::kSides) {
      const std::uint64_t bytes = x_assembler->held(exchange, side).bytes;
      if (bytes > kSmallBody) candidates.push_back({bytes, exchange, side});
    }
  });
  std::ranges::sort(candidates, std::ranges::greater{}, &Candidate::bytes);
  for (const auto& [bytes, exchange, side] : candidates) {
    if (x_assembler->bytes() <= target || !x_output->is_writing()) break;
    if (!append_held(exchange, side, now)) break;
  }
  settle_interruptions(now);
}

void OpenRows::relieve_one(std::uint64_t exchange, Time now) {
  if (!x_output->is_writing()) return;
  for (const http::Side side : http::kSides) {
    if (x_assembler->held(exchange, side).bytes > 0 && !append_held(exchange, side, now)) break;
  }
  settle_interruptions(now);
}

bool OpenRows::append_held(std::uint64_t exchange, http::Side side, Time now) {
  if (!may_leave(exchange)) return true;
  if (side == http::Side::request && x_leaving.at(exchange).request_is_done) return true;
  return append_part(exchange, side, UINT64_MAX, false, now);
}

/// The last part, if the body left in parts.
void OpenRows::finish_body(Leaving& leaving, http::Exchange& exchange, http::Side side, Time now) {
  format::BlobNumber& number = leaving.body[index_of(side)];
  http::Body& body = message_of(exchange, side).body;
  if (side == http::Side::request && leaving.request_is_done) {
    // What came behind the end of the request is not on the tape, and the row must say so.
    if (!body.bytes.empty()) exchange.flags.set(http::Flag::request_truncated);
    body.bytes.clear();
    return;
  }
  if (number == 0) return;
  if (body.state == http::BodyState::omitted) {
    if (side == http::Side::response || !leaving.row) x_output->forget_body(std::exchange(number, 0));
    return;
  }
  format::BodyPart part = format::part_of(exchange, side, std::exchange(body.bytes, {}));
  part.last = true;
  part.cut_short = exchange.flags.has(truncated_flag(side));
  (void)x_output->append_body(number, std::move(part), now);
}

bool OpenRows::ended(std::uint64_t number, http::Exchange exchange, Time now) {
  const auto found = x_leaving.find(number);
  for (const http::Side side : http::kSides) finish_body(found->second, exchange, side, now);
  bool is_whole_row = false;
  if (x_interruptions == x_output->interruptions()) {
    const Leaving leaving = found->second;
    x_leaving.erase(found);
    const format::StreamedBodies bodies{leaving.body[0], leaving.body[1]};
    if (leaving.row) {
      x_output->complete(*leaving.row, exchange, now, bodies);
    } else {
      is_whole_row = x_output->append(exchange, now, bodies);
      if (!is_whole_row) forget_bodies(leaving);
    }
  }
  settle_interruptions(now);
  return is_whole_row;
}

bool OpenRows::dropped(std::uint64_t exchange, http::Reason reason, Time now) {
  const auto found = x_leaving.find(exchange);
  if (found == x_leaving.end()) return false;
  if (!found->second.row) {
    forget_bodies(found->second);
    x_leaving.erase(found);
    return false;
  }
  if (auto cut = x_assembler->finish(exchange, reason)) ended(exchange, std::move(*cut), now);
  return true;
}

void OpenRows::forget_bodies(const Leaving& leaving) {
  for (const format::BlobNumber body : leaving.body) {
    if (body != 0) x_output->forget_body(body);
  }
}

void OpenRows::settle_interruptions(Time now) {
  while (x_interruptions != x_output->interruptions()) {
    x_interruptions = x_output->interruptions();
    std::vector<std::uint64_t> exchanges;
    for (const auto& [exchange, leaving] : x_leaving) exchanges.push_back(exchange);
    std::ranges::sort(exchanges);
    for (const std::uint64_t exchange : exchanges) interrupt(exchange, now);
  }
}

/// The tape takes nothing more of it. A paused tape is told so; one in trouble knows it.
void OpenRows::interrupt(std::uint64_t exchange, Time now) {
  const auto found = x_leaving.find(exchange);
  const Leaving leaving = found->second;
  auto cut = x_assembler->finish(exchange, x_output->drop_reason());
  x_leaving.erase(found);
  if (!leaving.row) {
    forget_bodies(leaving);
    x_output->drop(cut ? *cut : http::Exchange{}, x_output->drop_reason());
  } else if (x_output->is_paused() && cut) {
    for (const http::Side side : http::kSides) message_of(*cut, side).body.bytes.clear();
    const bool request_is_open = leaving.body[0] != 0 && !leaving.request_is_done;
    if (request_is_open) cut->flags.set(http::Flag::request_truncated);
    http::remove_response(*cut);
    if (leaving.body[1] != 0) x_output->forget_body(leaving.body[1]);
    x_output->complete(*leaving.row, *cut, now, {request_is_open ? leaving.body[0] : 0, 0});
  } else {
    x_output->book_interrupted(*leaving.row);
  }
}

}  // namespace tapedeck::capture
