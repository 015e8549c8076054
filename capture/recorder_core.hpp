#pragma once
#include <cstdint>

#include "capture/open_rows.hpp"
#include "capture/part_queue.hpp"
#include "capture/recorder_account.hpp"
#include "capture/tape_output.hpp"
#include "http/exchange_assembler.hpp"

namespace tapedeck::capture {

/// What a recorder does with what its queue brings: assemble, filter, keep to the memory limit, hand rows to the tape.
/// One thread; times come in.
class RecorderCore {
 public:
  /// `options` and `account` outlive it. `memory` is the limit for open exchanges.
  RecorderCore(const RecorderOptions& options, std::uint64_t memory, RecorderAccount& account, TapeOutput output);
  RecorderCore(const RecorderCore&) = delete;
  RecorderCore& operator=(const RecorderCore&) = delete;

  /// Starts the tape.
  Result<void> begin(Time now) { return x_output.begin(now); }
  bool begun() const { return x_output.begun(); }

  void handle(const QueueItem& item, Time now);
  void tick(Time now, MonoTime mono);
  /// What is open ends as cut off; seals the tape.
  void finish(Time now);

  bool full() const { return x_full; }
  std::uint64_t memory() const { return x_assembler.bytes(); }
  std::uint64_t tape_memory() const { return x_output.memory(); }

 private:
  void take(const http::ExchangePart& part, Time now);
  void take(const LossItem& item);
  void take(const Abandoned& abandoned, Time now);
  void take_gap(http::ExchangePart part, Time now);
  void grew(const http::ExchangePart& part, Time now);
  void keep_to_memory(const http::ExchangePart& part, Time now);
  void ended(std::uint64_t number, http::Exchange exchange, Time now);
  void stop_if_full();
  void drop_open(std::uint64_t exchange, http::Reason reason, Time now);

  const RecorderOptions* x_options;
  const std::uint64_t x_memory;
  RecorderAccount* x_account;
  TapeOutput x_output;
  http::ExchangeAssembler x_assembler;
  OpenRows x_open_rows;
  Time x_watermark = Time::min();
  std::uint64_t x_whole_rows = 0;
  bool x_closing = false;  // no more exchanges are taken: those with a row go on to their ends
  bool x_full = false;
};

}  // namespace tapedeck::capture
