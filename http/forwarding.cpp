#include "http/forwarding.hpp"

#include <array>
#include <optional>

#include "base/whole_number.hpp"
#include "http/authority.hpp"
#include "http/chars.hpp"
#include "http/connection_names.hpp"
#include "http/field_names.hpp"
#include "http/field_parser.hpp"
#include "http/forwarded_fields.hpp"
#include "http/head_writer.hpp"

namespace tapedeck::http {
namespace {

constexpr std::string_view kUpgradeProtocol = "websocket";

/// One request head on its way out.
class RequestWriter {
 public:
  RequestWriter(const Head& head, Framing framing, std::uint64_t length, const Hop& hop, const ForwardPolicy& policy,
                std::string& out)
      : x_head(head),
        x_framing(framing),
        x_length(length),
        x_policy(policy),
        x_named(head),
        x_absolute(split_absolute(head.target)),
        x_asked(asked_host()),
        x_forwarded(head, hop, x_asked, policy.forwarded),
        x_writer(out) {}

  Rebuilt write() {
    Rebuilt result;
    result.tunnel_requested = may_upgrade();
    if (x_framing == Framing::chunked) result.body = BodyOut::chunked;
    if (x_framing == Framing::length) result.body = BodyOut::length;
    start_line();
    if (!x_head.find("host")) x_writer.field("Host", sent_host());
    for (const auto& field : x_head.fields) pass(field);
    x_forwarded.add_missing(x_writer);
    if (x_policy.via) x_writer.field("Via", x_head.version == Version::http_1_0 ? "1.0 tapedeck" : "1.1 tapedeck");
    connection(result.tunnel_requested);
    x_writer.line_end();
    return result;
  }

 private:
  /// Whom the client asked; empty if a 1.0 client did not say.
  std::string_view asked_host() const {
    return x_absolute ? x_absolute->authority : x_head.find("host").value_or(std::string_view());
  }
  std::string_view sent_host() const {
    return x_policy.host == HostHeader::target || x_asked.empty() ? x_policy.upstream_authority : x_asked;
  }

  /// A WebSocket handshake passes; every other upgrade is taken out and the request is answered as HTTP/1.1.
  bool may_upgrade() const {
    const bool no_body = x_framing == Framing::none || (x_framing == Framing::length && x_length == 0);
    return x_head.method == "GET" && no_body && x_head.version == Version::http_1_1 &&
           x_head.has_token("connection", "upgrade") && x_head.has_token("upgrade", kUpgradeProtocol);
  }

  void start_line() {
    x_writer.text(x_head.method);
    x_writer.text(" ");
    if (x_absolute) {
      const auto rest = x_absolute->path_and_query;
      const bool whole_server = rest.empty() && x_head.method == "OPTIONS";
      if (!rest.starts_with('/')) x_writer.text(whole_server ? "*" : "/");
      x_writer.text(rest);
    } else {
      x_writer.text(x_head.target);
    }
    x_writer.text(" HTTP/1.1\r\n");
  }

  void pass(const Field& field) {
    const auto known = known_field(field.name);
    if (known.alias && is_protected(known.field)) return;
    const auto kind = known.alias ? KnownField::other : known.field;
    switch (kind) {
      case KnownField::host: x_writer.field(field.name, sent_host()); return;
      case KnownField::content_length:
      case KnownField::transfer_encoding: framing_field(kind, field.name); return;
      case KnownField::max_forwards: count_down(field); return;
      case KnownField::te: x_trailers = x_trailers || x_head.has_token("te", "trailers"); return;
      case KnownField::expect:
        if (x_head.version == Version::http_1_0) return;
        break;
      case KnownField::trailer:
        if (x_framing != Framing::chunked) return;
        break;
      default: break;
    }
    if (is_hop_by_hop(kind) || x_named.contains(field.name)) return;
    if (!x_forwarded.pass(kind, field, x_writer)) x_writer.field(field.name, field.value);
  }

  void framing_field(KnownField kind, std::string_view name) {
    if (x_framing_written || x_framing == Framing::none) return;
    x_framing_written = true;
    if (x_framing == Framing::length) {
      x_writer.field(kind == KnownField::content_length ? name : "Content-Length", x_length);
    } else {
      x_writer.field(kind == KnownField::transfer_encoding ? name : "Transfer-Encoding", "chunked");
    }
  }

  void count_down(const Field& field) {
    const auto hops = x_head.method == "OPTIONS" ? whole_number<std::uint64_t>(field.value) : std::nullopt;
    if (hops && *hops > 0) {
      x_writer.field(field.name, *hops - 1);
    } else {
      x_writer.field(field.name, field.value);
    }
  }

  void connection(bool upgrade) {
    const bool te = x_trailers && x_head.version == Version::http_1_1;
    if (te) x_writer.field("TE", "trailers");
    if (upgrade) x_writer.field("Upgrade", kUpgradeProtocol);
    if (te && upgrade) x_writer.field("Connection", "upgrade, TE");
    if (te != upgrade) x_writer.field("Connection", te ? "TE" : "upgrade");
  }

  const Head& x_head;
  Framing x_framing;
  std::uint64_t x_length;
  const ForwardPolicy& x_policy;
  ConnectionNames x_named;
  std::optional<AbsoluteTarget> x_absolute;
  std::string_view x_asked;
  ForwardedFields x_forwarded;
  HeadWriter x_writer;
  bool x_framing_written = false;
  bool x_trailers = false;
};

/// One response head on its way out.
class ResponseWriter {
 public:
  ResponseWriter(const Head& head, Framing framing, std::uint64_t length, const RequestFacts& request, std::string& out)
      : x_head(head), x_length(length), x_named(head), x_writer(out) {
    const bool old_client = request.version == Version::http_1_0;
    if (framing == Framing::length) x_body = BodyOut::length;
    if (framing == Framing::chunked || framing == Framing::until_close) {
      x_body = old_client ? BodyOut::until_close : BodyOut::chunked;
    }
    x_trailers = framing == Framing::chunked && !old_client;
    x_old_client = old_client;
    x_interim = head.status < 200;
    // The length of a body that does not come here is worth telling, unless the body would not be measured.
    x_tells_length = framing == Framing::none && !x_interim && head.status != 204 && !head.find("transfer-encoding");
  }

  Rebuilt write(bool client_stays, std::string_view date) {
    Rebuilt result;
    result.body = x_body;
    result.tunnel_requested = x_head.status == 101;
    if (x_interim && x_old_client) return result;
    start_line();
    for (const auto& field : x_head.fields) pass(field);
    if (x_body == BodyOut::chunked && !x_framing_written) x_writer.field("Transfer-Encoding", "chunked");
    if (!x_interim && !x_dated) {
      result.fired.add(Rule::date_missing);
      if (!date.empty()) x_writer.field("Date", date);
    }
    connection(client_stays);
    x_writer.line_end();
    return result;
  }

 private:
  void start_line() {
    const std::array<char, 3> code = {static_cast<char>('0' + x_head.status / 100),
                                      static_cast<char>('0' + x_head.status / 10 % 10),
                                      static_cast<char>('0' + x_head.status % 10)};
    x_writer.text("HTTP/1.1 ");
    x_writer.text({code.data(), code.size()});
    x_writer.text(" ");
    x_writer.text(x_head.reason);
    x_writer.line_end();
  }

  void pass(const Field& field) {
    const auto known = known_field(field.name);
    const auto kind = known.alias ? KnownField::other : known.field;
    switch (kind) {
      case KnownField::content_length:
      case KnownField::transfer_encoding: framing_field(kind, field); return;
      case KnownField::date: x_dated = true; break;
      case KnownField::trailer:
        if (!x_trailers) return;
        break;
      default: break;
    }
    if (is_hop_by_hop(kind) || x_named.contains(field.name)) return;
    x_writer.field(field.name, field.value);
  }

  void framing_field(KnownField kind, const Field& field) {
    if (x_framing_written) return;
    const bool is_length = kind == KnownField::content_length;
    if (x_body == BodyOut::length) {
      x_writer.field(field.name, x_length);
    } else if (x_body == BodyOut::chunked) {
      x_writer.field(is_length ? "Transfer-Encoding" : field.name, "chunked");
    } else if (is_length && x_tells_length) {
      x_writer.field(field.name, trim(field.value.substr(0, field.value.find(',')), kFoldSpaceChar));
    } else {
      return;
    }
    x_framing_written = true;
  }

  void connection(bool client_stays) {
    if (x_head.status == 101) {
      x_writer.field("Upgrade", x_head.find("upgrade").value_or(kUpgradeProtocol));
      x_writer.field("Connection", "upgrade");
      return;
    }
    if (x_interim) return;
    const bool stays = client_stays && x_body != BodyOut::until_close;
    if (!stays) x_writer.field("Connection", "close");
    if (stays && x_old_client) x_writer.field("Connection", "keep-alive");
  }

  const Head& x_head;
  std::uint64_t x_length;
  ConnectionNames x_named;
  HeadWriter x_writer;
  BodyOut x_body = BodyOut::none;
  bool x_old_client = false;
  bool x_interim = false;
  bool x_trailers = false;
  bool x_tells_length = false;
  bool x_framing_written = false;
  bool x_dated = false;
};

}  // namespace

bool is_last_hop(const Head& request) {
  if (request.method != "OPTIONS") return false;
  const auto value = request.find("max-forwards");
  return value && whole_number<std::uint64_t>(*value) == std::uint64_t{0};
}

Rebuilt rebuild_request(const Head& head, Framing framing, std::uint64_t length, const Hop& hop,
                        const ForwardPolicy& policy, std::string& out) {
  return RequestWriter(head, framing, length, hop, policy, out).write();
}

Rebuilt rebuild_response(const Head& head, Framing framing, std::uint64_t length, const RequestFacts& request,
                         bool client_stays, std::string_view now_http_date, std::string& out) {
  return ResponseWriter(head, framing, length, request, out).write(client_stays, now_http_date);
}

void append_chunk(ConstBytes data, std::string& out) {
  if (data.empty()) return;
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), data.size(), 16).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += "\r\n";
  append(out, data);
  out += "\r\n";
}

void append_last_chunk(ConstBytes raw_trailers, std::string& out) {
  out += "0\r\n";
  HeadWriter writer(out);
  for (auto lines = as_text(raw_trailers); !lines.empty();) {
    const auto field = next_field_line(lines);
    if (field.name.empty() || is_forbidden_trailer(field.name)) continue;
    writer.field(field.name, field.value);
  }
  writer.line_end();
}

}  // namespace tapedeck::http
