#include "http/field_names.hpp"

#include <algorithm>
#include <array>

namespace tapedeck::http {
namespace {

/// Lower case, `_` as `-`.
constexpr char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c + ('a' - 'A'));
  return c == '_' ? '-' : c;
}

/// `lower` is in lower case with `-`, and as long as `name`.
constexpr bool matches(std::string_view name, std::string_view lower) {
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (folded(name[i]) != lower[i]) return false;
  }
  return true;
}

/// The one or two known names of each length; longer and shorter names are none of ours.
KnownField candidate(std::string_view name) {
  const auto if_matches = [&name](std::string_view lower, KnownField field) {
    return matches(name, lower) ? field : KnownField::other;
  };
  const auto either = [&if_matches](std::string_view a, KnownField is_a, std::string_view b, KnownField is_b) {
    const auto first = if_matches(a, is_a);
    return first != KnownField::other ? first : if_matches(b, is_b);
  };
  using enum KnownField;
  switch (name.size()) {
    case 2: return if_matches("te", te);
    case 3: return if_matches("via", via);
    case 4: return either("host", host, "date", date);
    case 6: return if_matches("expect", expect);
    case 7: return either("upgrade", upgrade, "trailer", trailer);
    case 9: return if_matches("forwarded", forwarded);
    case 10: return either("connection", connection, "keep-alive", keep_alive);
    case 12: return if_matches("max-forwards", max_forwards);
    case 14: return either("content-length", content_length, "http2-settings", http2_settings);
    case 15: return if_matches("x-forwarded-for", x_forwarded_for);
    case 16: {
      const auto first = if_matches("x-forwarded-host", x_forwarded_host);
      return first != other ? first : if_matches("proxy-connection", proxy_connection);
    }
    case 17: return either("transfer-encoding", transfer_encoding, "x-forwarded-proto", x_forwarded_proto);
    default: return other;
  }
}

constexpr std::array<std::string_view, 36> kForbiddenTrailers = {"age",
                                                                 "authentication-info",
                                                                 "authorization",
                                                                 "cache-control",
                                                                 "content-encoding",
                                                                 "content-language",
                                                                 "content-location",
                                                                 "content-range",
                                                                 "content-type",
                                                                 "cookie",
                                                                 "etag",
                                                                 "expires",
                                                                 "if-match",
                                                                 "if-modified-since",
                                                                 "if-none-match",
                                                                 "if-range",
                                                                 "if-unmodified-since",
                                                                 "last-modified",
                                                                 "location",
                                                                 "pragma",
                                                                 "proxy-authenticate",
                                                                 "proxy-authentication-info",
                                                                 "proxy-authorization",
                                                                 "proxy-status",
                                                                 "range",
                                                                 "retry-after",
                                                                 "set-cookie",
                                                                 "vary",
                                                                 "warning",
                                                                 "www-authenticate",
                                                                 "x-forwarded",
                                                                 "x-forwarded-by",
                                                                 "x-forwarded-port",
                                                                 "x-forwarded-server",
                                                                 "x-original-url",
                                                                 "x-real-ip"};

}  // namespace

NamedField known_field(std::string_view name) {
  const auto field = candidate(name);
  if (field == KnownField::other) return {};
  return {field, std::find(name.begin(), name.end(), '_') != name.end()};
}

bool is_protected(KnownField field) {
  using enum KnownField;
  switch (field) {
    case content_length:
    case date:
    case forwarded:
    case host:
    case transfer_encoding:
    case via:
    case x_forwarded_for:
    case x_forwarded_host:
    case x_forwarded_proto: return true;
    default: return false;
  }
}

bool is_hop_by_hop(KnownField field) {
  using enum KnownField;
  switch (field) {
    case connection:
    case http2_settings:
    case keep_alive:
    case proxy_connection:
    case te:
    case transfer_encoding:
    case upgrade: return true;
    default: return false;
  }
}

bool is_forbidden_trailer(std::string_view name) {
  if (candidate(name) != KnownField::other) return true;
  return std::any_of(kForbiddenTrailers.begin(), kForbiddenTrailers.end(), [name](std::string_view forbidden) {
    return name.size() == forbidden.size() && matches(name, forbidden);
  });
}

}  // namespace tapedeck::http
