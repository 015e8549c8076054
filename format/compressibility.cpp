#include "format/compressibility.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace tapedeck::format {
namespace {

constexpr std::size_t kSample = 256;
constexpr std::size_t kGlance = 16;
// Pairs of equal bytes among 256: random bytes have 128 +- 11, base64 some 510, text and most binary formats thousands.
constexpr unsigned kMaxPairs = 190;

/// Text has no bytes from 0x80 on, or few: 16 are enough to tell most of it from random bytes.
bool is_text_at_a_glance(std::string_view bytes) {
  unsigned high = 0;
  for (std::size_t i = 0; i < kGlance; ++i) {
    high += static_cast<std::uint8_t>(bytes[bytes.size() / kGlance * i]) >> 7;
  }
  return high == 0;
}

}  // namespace

bool looks_incompressible(std::string_view bytes) {
  if (bytes.size() < kSample || is_text_at_a_glance(bytes)) return false;
  std::array<std::uint8_t, 256> seen{};
  unsigned pairs = 0;
  const std::size_t step = bytes.size() / kSample;
  for (std::size_t i = 0; i < kSample; ++i) pairs += seen[static_cast<std::uint8_t>(bytes[i * step])]++;
  return pairs <= kMaxPairs;
}

}  // namespace tapedeck::format
