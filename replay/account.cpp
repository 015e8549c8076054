#include "replay/account.hpp"

#include <numeric>

namespace tapedeck::replay {

std::string_view name_of(SkipReason reason) {
  constexpr std::array<std::string_view, kSkipReasons> kNames{"method", "upgrade", "request_truncated",
                                                              "limit",  "expired", "stopped"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::string_view name_of(FailReason reason) {
  constexpr std::array<std::string_view, kFailReasons> kNames{
      "refused",      "unreachable", "connect_timeout", "target_down", "reset",
      "closed_early", "malformed",   "timeout",         "generator",   "stopped"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::uint64_t Account::skipped() const { return std::accumulate(x_skipped.begin(), x_skipped.end(), std::uint64_t{0}); }

std::uint64_t Account::failed() const { return std::accumulate(x_failed.begin(), x_failed.end(), std::uint64_t{0}); }

bool Account::sums_hold() const {
  return x_handed == skipped() + x_waiting + x_sent && x_sent == x_in_flight + x_answered + failed();
}

}  // namespace tapedeck::replay
