#include "capture/recorder_core.hpp"

#include <algorithm>

namespace tapedeck::capture {

RecorderCore::RecorderCore(const RecorderOptions& options, std::uint64_t memory, RecorderAccount& account,
                           TapeOutput output)
    : x_options(&options),
      x_memory(memory),
      x_account(&account),
      x_output(std::move(output)),
      x_assembler(options.max_body.bytes) {}

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
  if (std::holds_alternative<http::BeginPart>(part.content)) x_account->seen();
  if (auto exchange = x_assembler.take(part)) {
    ended(std::move(*exchange), now);
  } else if (x_assembler.bytes() > x_memory) {
    keep_to_memory(part, now);
  }
}

/// Bodies first, the largest of them; then the exchange that asks for more. A quarter is freed at a time, so that the
/// search for large bodies is rare.
void RecorderCore::keep_to_memory(const http::ExchangePart& part, Time now) {
  const std::uint64_t target = x_memory - x_memory / 4;
  if (x_assembler.omittable() >= x_assembler.bytes() - target) x_assembler.omit_bodies(target);
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
  if (!x_assembler.forget(exchange)) return;
  x_account->dropped(reason);
  http::Loss loss;
  loss.reason = reason;
  loss.exchanges = 1;
  loss.from = loss.to = now;
  x_output.note(loss);
}

void RecorderCore::ended(http::Exchange exchange, Time now) {
  if (!x_options->filter.matches(exchange)) {
    x_account->filtered(http::Reason::filter);
    return;
  }
  if (!x_output.append(exchange, now)) return;
  if (++x_rows != x_options->stop_after) return;
  // The recording ends with this row: what is under way is no part of it.
  x_full = true;
  x_account->unsee(x_assembler.open_count());
  x_assembler = http::ExchangeAssembler(x_options->max_body.bytes);
  x_account->set_full();
}

void RecorderCore::tick(Time now, MonoTime mono) {
  x_output.tick(now, mono, std::min(x_watermark, x_assembler.oldest_open().value_or(x_watermark)));
}

void RecorderCore::finish(Time now) {
  x_output.make_ready(now);
  for (http::Exchange& exchange : x_assembler.finish(http::Reason::cut_off)) {
    if (!x_full) ended(std::move(exchange), now);
  }
  x_output.finish(now);
}

}  // namespace tapedeck::capture
