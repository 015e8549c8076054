#pragma once
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"

// Numbers in bytes from outside. The caller has checked that they are there.
namespace tapedeck::capture {

template <class T>
T load(ConstBytes bytes, std::size_t at, std::endian order) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const std::size_t from = order == std::endian::big ? i : sizeof(T) - 1 - i;
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + from]);
  }
  return static_cast<T>(value);
}

inline std::uint8_t load8(ConstBytes bytes, std::size_t at) { return std::to_integer<std::uint8_t>(bytes[at]); }
/// Network order.
inline std::uint16_t load16(ConstBytes bytes, std::size_t at) {
  return load<std::uint16_t>(bytes, at, std::endian::big);
}
inline std::uint32_t load32(ConstBytes bytes, std::size_t at) {
  return load<std::uint32_t>(bytes, at, std::endian::big);
}

}  // namespace tapedeck::capture
