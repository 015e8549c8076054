#include "http/authority.hpp"

#include <algorithm>

#include "http/chars.hpp"
#include "http/head.hpp"

namespace tapedeck::http {
namespace {

bool all_of_class(std::string_view text, unsigned kind) {
  return std::all_of(text.begin(), text.end(), [kind](char c) { return is(c, kind); });
}

/// Empty, or `:` and at most 65535; the digits may be missing (RFC 3986 3.2.3).
bool is_port(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != ':' || text.size() > 6) return false;
  unsigned port = 0;
  for (const char c : text.substr(1)) {
    if (!is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

}  // namespace

bool is_valid_authority(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '[') {
    const auto close = text.find(']');
    return close != std::string_view::npos && close > 2 && all_of_class(text.substr(1, close - 1), kAddressChar) &&
           is_port(text.substr(close + 1));
  }
  const auto colon = std::min(text.find(':'), text.size());
  return colon > 0 && all_of_class(text.substr(0, colon), kHostChar) && is_port(text.substr(colon));
}

std::optional<AbsoluteTarget> split_absolute(std::string_view target) {
  if (target.empty() || target.front() == '/') return std::nullopt;
  std::size_t scheme = 0;
  if (equals_ignoring_case(target.substr(0, 7), "http://")) scheme = 7;
  if (equals_ignoring_case(target.substr(0, 8), "https://")) scheme = 8;
  if (scheme == 0) return std::nullopt;
  const auto rest = target.substr(scheme);
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  return AbsoluteTarget{rest.substr(0, end), rest.substr(end)};
}

}  // namespace tapedeck::http
