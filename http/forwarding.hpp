#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "http/parser.hpp"

namespace tapedeck::http {

enum class ForwardedHeaders : std::uint8_t { append, replace, off };
enum class HostHeader : std::uint8_t { keep, target };

/// How a proxy hands messages on (docs/http-rules.md, rebuilding).
struct ForwardPolicy {
  ForwardedHeaders forwarded = ForwardedHeaders::append;
  HostHeader host = HostHeader::keep;
  std::string
      upstream_authority;  // host[:port] of the upstream: sent with HostHeader::target, and to 1.0 clients without Host
  bool via = false;
};

/// The hop the message came over.
struct Hop {
  std::string_view client_ip;  // without port
  std::string_view scheme = "http";
};

/// How the body goes out on the next hop.
enum class BodyOut : std::uint8_t { none, length, chunked, until_close };

struct Rebuilt {
  BodyOut body = BodyOut::none;   // until_close: the client's connection ends with this body
  bool tunnel_requested = false;  // an Upgrade that passes: asked for (request) or agreed to (101)
  RuleSet fired;                  // what rebuilding found: date_missing
};

/// OPTIONS with `Max-Forwards: 0`: not to be forwarded, the proxy itself answers (204).
bool is_last_hop(const Head& request);

/// Appends the request head for the upstream to `out`: hop-by-hop fields gone, one framing field, fields else in their
/// order and spelling. `head`, `framing` and `length` come from a strict parser's `head` event.
Rebuilt rebuild_request(const Head& head, Framing framing, std::uint64_t length, const Hop& hop,
                        const ForwardPolicy& policy, std::string& out);

/// Appends the response head (final or interim) for the client to `out`. `client_stays`: whether the client's
/// connection is kept. A 1.0 client gets no chunks, and nothing at all of an interim response. `now_http_date` is sent
/// as Date if the upstream sent none (empty: none is added).
Rebuilt rebuild_response(const Head& head, Framing framing, std::uint64_t length, const RequestFacts& request,
                         bool client_stays, std::string_view now_http_date, std::string& out);

/// Appends one chunk: size line, data, CRLF. Nothing for no data: an empty chunk would end the body.
void append_chunk(ConstBytes data, std::string& out);
/// Appends the last chunk, the trailers that may pass (raw lines, as the parser gave them), the empty line.
void append_last_chunk(ConstBytes raw_trailers, std::string& out);

}  // namespace tapedeck::http
