#include "http/forwarded_fields.hpp"

#include <algorithm>

#include "http/chars.hpp"

namespace tapedeck::http {
namespace {

/// token or quoted-string; `value` holds no quote or backslash (a checked authority or an address).
void append_parameter(std::string_view name, std::string_view value, std::string& out) {
  const bool token = std::all_of(value.begin(), value.end(), [](char c) { return is(c, kTokenChar); });
  out += name;
  out += '=';
  if (!token) out += '"';
  out += value;
  if (!token) out += '"';
}

}  // namespace

ForwardedFields::ForwardedFields(const Head& request, const Hop& hop, std::string_view host, ForwardedHeaders policy)
    : x_hop(hop), x_host(host), x_policy(policy) {
  if (policy != ForwardedHeaders::append) return;
  for (const auto& field : request.fields) {
    const auto known = known_field(field.name);
    if (known.alias) continue;
    if (known.field == KnownField::x_forwarded_for) ++x_for;
    if (known.field == KnownField::forwarded) ++x_forwarded;
    if (known.field == KnownField::x_forwarded_proto) x_has_proto = true;
    if (known.field == KnownField::x_forwarded_host) x_has_host = true;
  }
  x_has_for = x_for > 0;
}

bool ForwardedFields::pass(KnownField known, const Field& field, HeadWriter& writer) {
  const bool is_for = known == KnownField::x_forwarded_for;
  const bool is_forwarded = known == KnownField::forwarded;
  if (!is_for && !is_forwarded && known != KnownField::x_forwarded_proto && known != KnownField::x_forwarded_host) {
    return false;
  }
  if (x_policy == ForwardedHeaders::replace) return true;
  const bool appends = x_policy == ForwardedHeaders::append;
  if (appends && is_for && --x_for == 0 && !x_hop.client_ip.empty()) {
    writer.field_and(field.name, field.value, x_hop.client_ip);
  } else if (appends && is_forwarded && --x_forwarded == 0) {
    writer.field_and(field.name, field.value, element());
  } else {
    writer.field(field.name, field.value);
  }
  return true;
}

void ForwardedFields::add_missing(HeadWriter& writer) const {
  if (x_policy == ForwardedHeaders::off) return;
  if (!x_has_for && !x_hop.client_ip.empty()) writer.field("X-Forwarded-For", x_hop.client_ip);
  if (!x_has_proto) writer.field("X-Forwarded-Proto", x_hop.scheme);
  if (!x_has_host && !x_host.empty()) writer.field("X-Forwarded-Host", x_host);
}

std::string ForwardedFields::element() const {
  std::string out;
  const bool v6 = x_hop.client_ip.find(':') != std::string_view::npos;
  const auto address = v6 ? "[" + std::string(x_hop.client_ip) + "]" : std::string(x_hop.client_ip);
  append_parameter("for", address.empty() ? "unknown" : std::string_view(address), out);
  out += ';';
  append_parameter("proto", x_hop.scheme, out);
  if (x_host.empty()) return out;
  out += ';';
  append_parameter("host", x_host, out);
  return out;
}

}  // namespace tapedeck::http
