#pragma once
#include <optional>
#include <string_view>

namespace tapedeck::http {

/// host[:port] as a Host field may carry it: a name, an IPv4 address or a bracketed IPv6 one; no user, comma or space.
bool is_valid_authority(std::string_view text);

/// An absolute target of a request, `http://a/p?q`.
struct AbsoluteTarget {
  std::string_view authority;
  std::string_view path_and_query;  // may be empty or begin with `?`
};
/// Nothing if `target` does not begin with http:// or https:// (any case).
std::optional<AbsoluteTarget> split_absolute(std::string_view target);

}  // namespace tapedeck::http
