#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tapedeck::replay {

/// Why a planned request was never tried.
enum class SkipReason : std::uint8_t { method, upgrade, request_truncated, limit, expired, stopped };
inline constexpr std::size_t kSkipReasons = 6;
std::string_view name_of(SkipReason reason);

/// Why a request that was tried has no answer.
enum class FailReason : std::uint8_t {
  refused,
  unreachable,
  connect_timeout,
  target_down,
  reset,
  closed_early,
  malformed,
  timeout,
  generator,  // our own descriptors, buffers or ports ran out
  stopped,    // still unanswered when the run was stopped
};
inline constexpr std::size_t kFailReasons = 10;
std::string_view name_of(FailReason reason);

/// Where the requests of one schedule are. Each is in exactly one place, at every moment:
/// handed = skipped + waiting + sent; sent = in_flight + answered + failed.
class Account {
 public:
  void take() { ++x_handed, ++x_waiting; }                             // out of the ring, to be sent
  void skip_new(SkipReason why) { ++x_handed, ++at(x_skipped, why); }  // out of the ring, not to be sent
  void skip_waiting(SkipReason why) { --x_waiting, ++at(x_skipped, why); }
  void send() { --x_waiting, ++x_sent, ++x_in_flight; }
  void answer() { --x_in_flight, ++x_answered; }
  void fail(FailReason why) { --x_in_flight, ++at(x_failed, why); }

  std::uint64_t handed() const { return x_handed; }
  std::uint64_t waiting() const { return x_waiting; }
  std::uint64_t sent() const { return x_sent; }
  std::uint64_t in_flight() const { return x_in_flight; }
  std::uint64_t answered() const { return x_answered; }
  std::uint64_t skipped(SkipReason why) const { return x_skipped[static_cast<std::size_t>(why)]; }
  std::uint64_t failed(FailReason why) const { return x_failed[static_cast<std::size_t>(why)]; }
  std::uint64_t skipped() const;
  std::uint64_t failed() const;
  bool sums_hold() const;

 private:
  template <class Array, class Reason>
  static std::uint64_t& at(Array& counts, Reason why) {
    return counts[static_cast<std::size_t>(why)];
  }

  std::uint64_t x_handed = 0;
  std::uint64_t x_waiting = 0;
  std::uint64_t x_sent = 0;
  std::uint64_t x_in_flight = 0;
  std::uint64_t x_answered = 0;
  std::array<std::uint64_t, kSkipReasons> x_skipped{};
  std::array<std::uint64_t, kFailReasons> x_failed{};
};

}  // namespace tapedeck::replay
