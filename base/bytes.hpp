#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tapedeck {

using ConstBytes = std::span<const std::byte>;
using Bytes = std::span<std::byte>;

inline ConstBytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(ConstBytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void append(std::string& to, ConstBytes bytes) { to.append(as_text(bytes)); }

}  // namespace tapedeck
