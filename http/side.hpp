#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "http/flags.hpp"

namespace tapedeck::http {

enum class Side : std::uint8_t { request, response };
inline constexpr std::array kSides{Side::request, Side::response};

/// Place in an array that holds something for each side.
constexpr std::size_t index_of(Side side) { return static_cast<std::size_t>(side); }

constexpr Flag truncated_flag(Side side) {
  return side == Side::request ? Flag::request_truncated : Flag::response_truncated;
}
constexpr Flag chunked_flag(Side side) {
  return side == Side::request ? Flag::request_chunked : Flag::response_chunked;
}
constexpr Flag omitted_flag(Side side) {
  return side == Side::request ? Flag::request_omitted : Flag::response_omitted;
}
constexpr Flag gap_flag(Side side) { return side == Side::request ? Flag::request_gap : Flag::response_gap; }

}  // namespace tapedeck::http
