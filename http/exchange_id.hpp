#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <string>

namespace tapedeck::http {

/// One run of a tape writer. Random, or a hash of the input where that is files.
using RecordingId = std::array<std::uint8_t, 12>;

/// Names an exchange for ever: it survives recovering, filtering and merging.
struct ExchangeId {
  RecordingId recording{};
  std::uint64_t ordinal = 0;
  auto operator<=>(const ExchangeId&) const = default;
};

/// `3f9c0a1b-1742`: the recording's first 4 bytes in hex, the ordinal.
std::string to_string(const ExchangeId& id);

}  // namespace tapedeck::http
