#pragma once
#include <charconv>
#include <optional>
#include <string_view>

namespace tapedeck {

/// A number that fills the whole text, and fits.
template <class T>
std::optional<T> whole_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace tapedeck
