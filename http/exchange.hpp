#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "http/exchange_id.hpp"
#include "http/flags.hpp"
#include "http/side.hpp"

namespace tapedeck::http {

/// The value is the code on a tape.
enum class Version : std::uint8_t { http_0_9 = 0x09, http_1_0 = 0x10, http_1_1 = 0x11, http_2 = 0x20, http_3 = 0x30 };
/// `1.1`
std::string_view name_of(Version version);

/// IPv4, IPv6 or unknown (also: a Unix socket).
struct SocketAddress {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 0;  // 0 unknown, 4, 16
  std::uint16_t port = 0;
  auto operator<=>(const SocketAddress&) const = default;
};
/// `192.0.2.1:80`, `[2001:db8::1]:80`, empty if unknown.
std::string to_string(const SocketAddress& address);
/// The inverse of to_string: nothing if the text is not an address with a port.
std::optional<SocketAddress> parse_socket_address(std::string_view text);

/// What is known of a client's connection. Shared by the exchanges on it: immutable once the first one is handed on.
struct Connection {
  std::uint64_t number = 0;  // unique within a recording, from 1
  SocketAddress client;
  SocketAddress server;    // the address the client connected to
  SocketAddress upstream;  // the proxy's other side; unknown when captured from packets
  std::optional<Time> opened;
  std::uint16_t tls_version = 0;  // 0: not TLS
  std::uint16_t tls_cipher = 0;
  std::string sni;
  std::string alpn;
  std::string client_certificate_sha256;  // 32 raw bytes, or empty
  bool operator==(const Connection&) const = default;
};
/// Its handshake was seen, or what was imported says https.
inline bool over_tls(const Connection& connection) {
  return connection.tls_version != 0 || !connection.sni.empty() || !connection.alpn.empty();
}

enum class BodyState : std::uint8_t {
  none,     // the message has no body
  kept,     // `bytes` holds it, or a prefix if the truncated flag is set
  omitted,  // it had one; `omitted_because` says why it is not here
};

enum class OmittedBecause : std::uint8_t {
  limit = 1,
  redaction = 2,
  capture_memory = 3,
  damaged = 4,
  not_in_import = 5
};

/// A body as on the wire, de-chunked, content coding kept.
struct Body {
  BodyState state = BodyState::none;
  std::string bytes;
  OmittedBecause omitted_because{};
  std::optional<std::uint64_t> wire_length;  // seen on the wire, where it differs from bytes.size(); unknown if unset
  std::string sha256;                        // omitted only: 32 raw bytes if known
  bool operator==(const Body&) const = default;
};

/// Bytes of a body that were never seen; the body holds zeros there.
struct BodyGap {
  Side side = Side::request;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const BodyGap&) const = default;
};

/// One side of an exchange.
struct Message {
  std::string head;      // byte-exact: start line through the empty line; empty if there is no message
  std::string trailers;  // raw trailer lines, without the empty line
  Body body;
  Time first{};  // first and last byte. For a missing response both equal the request's last byte
  Time last{};
  bool operator==(const Message&) const = default;
};

/// A request and what came back, or why nothing did.
struct Exchange {
  ExchangeId id;
  std::shared_ptr<const Connection> connection;  // owners: the exchanges of one connection, and its source while open
  std::uint32_t sequence = 0;                    // place in the connection, from 0
  std::uint32_t stream = 0;                      // HTTP/2
  Version version = Version::http_1_1;
  std::uint16_t status = 0;  // 0: no response
  FlagSet flags;
  Reason reason = Reason::none;  // why it is incomplete
  Message request;
  Message response;
  std::vector<std::string> interim;  // raw 1xx heads, in order
  std::vector<BodyGap> gaps;
  std::string rules;  // names of the codec rules that fired, space-separated

  bool has_request() const { return !flags.has(Flag::request_missing); }
  bool has_response() const { return status != 0; }
};

inline Message& message_of(Exchange& exchange, Side side) {
  return side == Side::request ? exchange.request : exchange.response;
}
inline const Message& message_of(const Exchange& exchange, Side side) {
  return side == Side::request ? exchange.request : exchange.response;
}

/// As if no final response had come; interim heads and gaps stay.
void remove_response(Exchange& exchange);

/// The parts of a raw request head's first line; empty views where there are none.
struct RequestLine {
  std::string_view method;
  std::string_view target;
};
RequestLine request_line_of(std::string_view head);

/// First field of this name (any case) in a raw head, outer whitespace removed; nothing if absent. Linear in the head.
std::optional<std::string_view> find_field(std::string_view head, std::string_view name);

/// Whether `holds` says yes to the value of any field of this name.
bool any_field(std::string_view head, std::string_view name, const std::function<bool(std::string_view)>& holds);

/// Host of a request: the absolute target's authority, else the Host field, else empty.
std::string_view host_of(std::string_view request_head);

}  // namespace tapedeck::http
