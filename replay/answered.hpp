#pragma once
#include <atomic>
#include <cstdint>
#include <memory>

#include "http/exchange.hpp"
#include "replay/planned_request.hpp"

namespace tapedeck::replay {

/// A request that was answered, and the answer: what is compared and saved.
struct Answered {
  RequestPtr request;
  http::Exchange live;
  Time oldest_open{};  // no request that was sent before this is still without an answer, in its worker
  std::size_t bytes() const;
};
/// Owners: the comparison queue and the save queue, where both are in use.
using AnsweredPtr = std::shared_ptr<const Answered>;

}  // namespace tapedeck::replay
