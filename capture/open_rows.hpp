#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "capture/recorder_account.hpp"
#include "capture/tape_output.hpp"
#include "http/exchange_assembler.hpp"

namespace tapedeck::capture {

/// Exchanges that leave for the tape while they are under way: those open for 2 s get an opening row, so that the
/// watermark passes them, and bodies leave in parts once they pass 256 KiB, 10 s after a part's first byte at the
/// latest, or when memory is short. What the filter cannot decide yet stays in memory until it can.
class OpenRows {
 public:
  /// All outlive it.
  OpenRows(const RecorderOptions& options, RecorderAccount& account, TapeOutput& output,
           http::ExchangeAssembler& assembler)
      : x_options(&options), x_account(&account), x_output(&output), x_assembler(&assembler) {}

  /// After a piece of a body: what is too much of it leaves.
  void body_grew(std::uint64_t exchange, http::Side side, Time now);
  /// Opening rows and parts that are due. Returns the first byte of the oldest exchange without a row.
  std::optional<Time> tick(Time now);
  /// The largest bodies leave until at most `target` bytes are held, or only small ones are left.
  void relieve(std::uint64_t target, Time now);
  /// What is held of one exchange's bodies leaves.
  void relieve_one(std::uint64_t exchange, Time now);

  /// Whether anything of the exchange left; then ended() is to be called for it, or dropped().
  bool has(std::uint64_t exchange) const { return x_leaving.contains(exchange); }
  /// True if it became a whole row: it had no row before.
  bool ended(std::uint64_t number, http::Exchange exchange, Time now);
  /// The exchange is given up: true if it has a row, which says so then; else nobody will hear of it.
  bool dropped(std::uint64_t exchange, http::Reason reason, Time now);
  /// Ends all whose tape was interrupted: to be called after anything that can find the tape in trouble.
  void settle_interruptions(Time now);

  bool has_row(std::uint64_t exchange) const {
    const auto leaving = x_leaving.find(exchange);
    return leaving != x_leaving.end() && leaving->second.row;
  }
  /// Whether nothing of any exchange under way has left.
  bool empty() const { return x_leaving.empty(); }
  /// Opening rows written so far.
  std::uint64_t opened() const { return x_opened; }

 private:
  struct Leaving {
    std::optional<http::ExchangeId> row;
    std::array<format::BlobNumber, 2> body{};  // by side; 0: in the exchange
    bool request_is_done = false;              // all of it stands in the opening row, or in parts
    bool is_refused = false;                   // the tape cannot hold it in a row; it will be dropped when it ends
  };

  bool may_leave(std::uint64_t exchange);
  bool is_decided(std::uint64_t exchange) const;
  void open(std::uint64_t exchange, Time now);
  /// All that is held of a body, if it may leave. False if the tape is in trouble.
  bool append_held(std::uint64_t exchange, http::Side side, Time now);
  /// False if the tape is in trouble.
  bool append_part(std::uint64_t exchange, http::Side side, std::uint64_t limit, bool last, Time now);
  void finish_body(Leaving& leaving, http::Exchange& exchange, http::Side side, Time now);
  void forget_bodies(const Leaving& leaving);
  void interrupt(std::uint64_t exchange, Time now);

  const RecorderOptions* x_options;
  RecorderAccount* x_account;
  TapeOutput* x_output;
  http::ExchangeAssembler* x_assembler;
  std::unordered_map<std::uint64_t, Leaving> x_leaving;
  std::uint64_t x_opened = 0;
  std::uint64_t x_interruptions = 0;  // of the output, settled so far
};

}  // namespace tapedeck::capture
