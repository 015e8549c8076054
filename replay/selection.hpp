#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "format/tape_reader.hpp"
#include "http/exchange.hpp"
#include "http/filter.hpp"
#include "replay/account.hpp"
#include "replay/replay.hpp"

namespace tapedeck::replay {

/// Why an exchange of the tape is not planned.
enum class Unselected : std::uint8_t { request_missing, from, to, filter, sample, duration, count };
std::string_view name_of(Unselected why);

/// Chooses what is planned, on the whole tape in time order, before anything is split. The same exchanges give the same
/// choice.
class Selection {
 public:
  explicit Selection(const ReplayOptions& options) : x_options(&options) {}  // outlives it

  /// Nothing: it is selected.
  std::optional<Unselected> leaves_out(const http::Exchange& exchange);
  /// Position 0: --from, else the first selected request.
  std::optional<Time> base() const { return x_base; }

 private:
  const ReplayOptions* x_options;
  std::optional<Time> x_base;
  std::uint64_t x_selected = 0;
};

/// Whether a selected exchange must not or cannot be sent.
std::optional<SkipReason> unsendable(const http::Exchange& exchange, Methods methods);

/// Methods that change nothing: GET HEAD OPTIONS.
bool is_safe(std::string_view method);
/// Methods that may be sent twice (RFC 9110 section 9.2.2).
bool is_idempotent(std::string_view method);

/// Its connection; one without a number if it has none.
const http::Connection& connection_of(const http::Exchange& exchange);

}  // namespace tapedeck::replay
