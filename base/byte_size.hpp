#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck {

/// A number of bytes that says so.
struct ByteSize {
  std::uint64_t bytes = 0;
  auto operator<=>(const ByteSize&) const = default;
};

constexpr ByteSize operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr ByteSize operator""_MiB(unsigned long long n) { return {n << 20}; }
constexpr ByteSize operator""_GiB(unsigned long long n) { return {n << 30}; }

/// `64MiB`, `10GB`, `512` (bytes), `1.5GiB`; binary and decimal units, any case.
Result<ByteSize> parse_byte_size(std::string_view text);

/// `64 MiB`: the largest binary unit that keeps the number >= 1, at most one decimal.
std::string to_string(ByteSize size);

}  // namespace tapedeck
