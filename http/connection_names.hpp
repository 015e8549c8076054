#pragma once
#include <array>
#include <cstddef>
#include <string_view>

#include "http/head.hpp"

namespace tapedeck::http {

/// More names than any real message has in its Connection fields; a request with more is refused, which keeps
/// rebuilding linear.
inline constexpr std::size_t kMaxConnectionNames = 32;

/// The field names that a message's Connection fields list for removal. Views into the head; no allocation.
class ConnectionNames {
 public:
  explicit ConnectionNames(const Head& head);
  /// Protected fields (Host, framing, forwarding) are never named.
  bool contains(std::string_view name) const;

 private:
  const Head* x_head;
  std::array<std::string_view, kMaxConnectionNames> x_names;
  std::size_t x_count = 0;
  bool x_overflow = false;  // then the fields themselves are searched
};

}  // namespace tapedeck::http
