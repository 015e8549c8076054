#include "capture/recorder_core.hpp"

#include <algorithm>
#include <vector>

#include "format/layout.hpp"

namespace tapedeck::capture {

RecorderCore::RecorderCore(const RecorderOptions& options, std::uint64_t memory, RecorderAccount& account,
                           TapeOutput output)
    : x_options(&options),
      x_memory(memory),
      x_account(&account),
      x_output(std::move(output)),
      x_assembler(options.max_body.bytes),
      x_open_rows(options, account, x_output, x_assembler) {}

void RecorderCore::handle(const QueueItem& item, Time now) {
  if (x_full) return;
  if (const auto* part = std::get_if<http::ExchangePart>(&item)) {
    take(*part, now);
  } else if (const auto* loss = std::get_if<LossItem>(&item)) {
    take(*loss);
  } else if (const auto* watermark = std::get_if<Watermark>(&item)) {
    x_watermark = std::max(x_watermark, watermark->time);
  } else if (const auto* abandoned = std::get_if<Abandoned>(&item)) {
    take(*abandoned, now);
  }
}

void RecorderCore::take(const http::ExchangePart& part, Time now) {
  if (std::holds_alternative<http::BeginPart>(part.content)) {
    if (x_closing) return;
    x_account->seen();
  }
  if (std::holds_alternative<http::GapPart>(part.content)) {
    take_gap(part, now);
  } else if (auto exchange = x_assembler.take(part)) {
    ended(part.exchange, std::move(*exchange), now);
  } else {
    grew(part, now);
  }
}

/// A body holds zeros where bytes were lost: a large gap leaves in parts like any other bytes.
void RecorderCore::take_gap(http::ExchangePart part, Time now) {
  http::GapPart& gap = std::get<http::GapPart>(part.content);
  std::uint64_t left = gap.length;
  for (bool grows = true; left > 0;) {
    gap.length = grows ? std::min<std::uint64_t>(left, format::kInlineBody) : left;
    left -= gap.length;
    const std::uint64_t before = x_assembler.bytes();
    (void)x_assembler.take(part);
    grows = x_assembler.bytes() > before;
    grew(part, now);
  }
}

void RecorderCore::grew(const http::ExchangePart& part, Time now) {
  if (const auto* body = std::get_if<http::BodyPart>(&part.content)) {
    x_open_rows.body_grew(part.exchange, body->side, now);
  } else if (const auto* gap = std::get_if<http::GapPart>(&part.content)) {
    x_open_rows.body_grew(part.exchange, gap->side, now);
  }
  if (x_assembler.bytes() > x_memory) keep_to_memory(part, now);
}

/// Bodies first, the largest of them: onto the tape if they may go there, and what the exchange that asks for more
/// holds itself, however little: then it takes no more than it had. Else bodies are lost, then that exchange. A quarter
/// is freed at a time, so that the search for large bodies is rare.
void RecorderCore::keep_to_memory(const http::ExchangePart& part, Time now) {
  const std::uint64_t target = x_memory - x_memory / 4;
  const auto may_help = [&] { return x_assembler.omittable() >= x_assembler.bytes() - target; };
  if (may_help()) x_open_rows.relieve(target, now);
  if (x_assembler.bytes() > x_memory) x_open_rows.relieve_one(part.exchange, now);
  if (x_assembler.bytes() > x_memory && may_help()) x_assembler.omit_bodies(target);
  if (x_assembler.bytes() > x_memory) drop_open(part.exchange, http::Reason::capture_memory, now);
}

void RecorderCore::take(const LossItem& item) {
  if (item.booked == Booked::no && item.loss.exchanges > 0) {
    x_account->seen_and_dropped(item.loss.reason, item.loss.exchanges);
  }
  x_output.note(item.loss);
}

void RecorderCore::take(const Abandoned& abandoned, Time now) { drop_open(abandoned.exchange, abandoned.reason, now); }

void RecorderCore::drop_open(std::uint64_t exchange, http::Reason reason, Time now) {
  if (!x_assembler.is_open(exchange) || x_open_rows.dropped(exchange, reason, now)) return;
  x_assembler.forget(exchange);
  x_account->dropped(reason);
  http::Loss loss;
  loss.reason = reason;
  loss.exchanges = 1;
  loss.from = loss.to = now;
  x_output.note(loss);
}

void RecorderCore::ended(std::uint64_t number, http::Exchange exchange, Time now) {
  if (x_open_rows.has(number)) {
    if (x_open_rows.ended(number, std::move(exchange), now)) ++x_whole_rows;
  } else if (!x_options->filter.matches(exchange)) {
    x_account->filtered(http::Reason::filter);
  } else if (x_output.append(exchange, now)) {
    ++x_whole_rows;
  }
  x_open_rows.settle_interruptions(now);
  stop_if_full();
}

/// The recording ends with the row that was asked for: what is under way and has none is no part of it.
void RecorderCore::stop_if_full() {
  if (x_options->stop_after == 0 || x_whole_rows + x_open_rows.opened() < x_options->stop_after) return;
  if (!x_closing) {
    x_closing = true;
    std::vector<std::uint64_t> others;
    x_assembler.for_each_open([&](std::uint64_t exchange, Time) {
      if (!x_open_rows.has_row(exchange)) others.push_back(exchange);
    });
    for (const std::uint64_t exchange : others) {
      (void)x_open_rows.dropped(exchange, http::Reason::none, Time{});
      x_assembler.forget(exchange);
    }
    x_account->unsee(others.size());
  }
  if (!x_open_rows.empty()) return;
  x_full = true;
  x_account->set_full();
}

void RecorderCore::tick(Time now, MonoTime mono) {
  const auto oldest = x_open_rows.tick(now);
  stop_if_full();
  x_output.tick(now, mono, std::min(x_watermark, oldest.value_or(x_watermark)));
  x_open_rows.settle_interruptions(now);
}

void RecorderCore::finish(Time now) {
  x_output.make_ready(now);
  x_open_rows.settle_interruptions(now);
  std::vector<std::uint64_t> open;
  x_assembler.for_each_open([&](std::uint64_t exchange, Time) { open.push_back(exchange); });
  for (const std::uint64_t number : open) {
    auto exchange = x_assembler.finish(number, http::Reason::cut_off);
    if (exchange && !x_full) ended(number, std::move(*exchange), now);
  }
  x_output.finish(now);
  x_open_rows.settle_interruptions(now);
}

}  // namespace tapedeck::capture
