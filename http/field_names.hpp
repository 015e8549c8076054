#pragma once
#include <cstdint>
#include <string_view>

namespace tapedeck::http {

/// The fields that the codec itself reads, writes or removes.
enum class KnownField : std::uint8_t {
  other,
  connection,
  content_length,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  max_forwards,
  proxy_connection,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  via,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
};

struct NamedField {
  KnownField field = KnownField::other;
  bool alias = false;  // spelled with `_` for `-`, which CGI-like servers cannot tell apart
};

/// Any case.
NamedField known_field(std::string_view name);

/// Host, the framing fields and those that a proxy writes: no message may have them removed by naming them in
/// Connection, nor slip in a second one under an alias.
bool is_protected(KnownField field);

/// What is for one hop only, whatever Connection says.
bool is_hop_by_hop(KnownField field);

/// Fields that must not come in a trailer: framing, routing, credentials, cookies, forwarding, conditions, caching,
/// content. Aliases with `_` too.
bool is_forbidden_trailer(std::string_view name);

}  // namespace tapedeck::http
