#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace tapedeck::http {

/// What is special about an exchange. The value is the bit on a tape (docs/tape-format.md, CHUNK), the name the word
/// in `list --json`.
enum class Flag : std::uint8_t {
  request_truncated,
  response_truncated,
  response_missing,
  client_aborted,
  upstream_unreachable,
  upstream_aborted,
  upstream_timeout,
  request_chunked,
  response_chunked,
  request_omitted,
  response_omitted,
  upgraded,
  expect_continue,
  early_response,
  request_gap,
  response_gap,
  malformed,
  redacted,
  imported,
  late_row,
  cut_off,
  read_to_close,
  answered_by_proxy,
  head_rebuilt,
  request_missing,
  pairing_uncertain,
  overlap_inconsistent,
};
inline constexpr std::uint8_t kFlagCount = 27;

class FlagSet {
 public:
  constexpr FlagSet() = default;
  constexpr explicit FlagSet(std::uint64_t bits) : x_bits(bits) {}
  constexpr bool has(Flag flag) const { return (x_bits & bit(flag)) != 0; }
  constexpr void set(Flag flag) { x_bits |= bit(flag); }
  constexpr void clear(Flag flag) { x_bits &= ~bit(flag); }
  constexpr FlagSet operator|(FlagSet other) const { return FlagSet(x_bits | other.x_bits); }
  constexpr std::uint64_t bits() const { return x_bits; }
  bool operator==(const FlagSet&) const = default;

 private:
  static constexpr std::uint64_t bit(Flag flag) { return std::uint64_t{1} << static_cast<unsigned>(flag); }
  std::uint64_t x_bits = 0;
};

std::string_view name_of(Flag flag);
std::optional<Flag> flag_named(std::string_view name);

/// Why something is incomplete, dropped, filtered or lost. The value is the reason on a tape (docs/tape-format.md,
/// NOTE), the name the word in reports.
enum class Reason : std::uint16_t {
  none,
  capture_memory,
  queue_full,
  disk_full,
  io_error,
  paused,
  kernel_drop,
  source_drop,
  tcp_gap,
  snaplen,
  tls_gap,
  evicted,
  unpaired,
  one_sided,
  cut_off,
  aborted,
  parse_error,
  head_limit,
  body_limit,
  redaction_failed,
  filter,
  sample,
  import_skipped,
  inherited,
};
inline constexpr std::uint16_t kReasonCount = 24;

std::string_view name_of(Reason reason);
std::optional<Reason> reason_named(std::string_view name);

/// How the fate of an exchange is booked: an incomplete one is on the tape, with a reason.
/// Loss (exit status 4): capture_memory tcp_gap evicted snaplen tls_gap head_limit redaction_failed unpaired, and
/// disk_full io_error: an opening row whose completion did not reach the disk.
/// By nature (no loss of ours): cut_off aborted one_sided parse_error.
bool is_loss(Reason reason);

}  // namespace tapedeck::http
