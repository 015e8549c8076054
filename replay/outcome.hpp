#pragma once
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "replay/account.hpp"

namespace tapedeck::replay {

/// A whole answer.
struct Answer {
  std::uint16_t status = 0;
  MonoTime first{};       // first byte read
  MonoTime last{};        // last byte read
  Duration unread{};      // how long its last bytes may have lain in the socket while we were busy
  bool reusable = false;  // its connection can carry another request
};

/// How a planned request ended: exactly one of the three.
struct Outcome {
  std::optional<SkipReason> skipped = std::nullopt;
  std::optional<FailReason> failed = std::nullopt;
  std::optional<Answer> answer = std::nullopt;
};

}  // namespace tapedeck::replay
