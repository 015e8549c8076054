#pragma once
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "capture/packet_source.hpp"
#include "http/exchange.hpp"

namespace tapedeck::capture {

/// Why a packet holds nothing for us. Its name is the word in the account.
enum class SkipReason : std::uint8_t {
  link_type,  // a link layer that is not read
  cut_short,  // headers beyond the snapshot length
  not_ip,     // ARP, LLDP, spanning tree ...
  pppoe,      // tunnels are not opened
  mpls,
  gre,
  ip_in_ip,
  encrypted,  // ESP
  udp,
  icmp,
  not_tcp,  // any other protocol on IP
  bad_ip,   // an impossible header
  bad_tcp,
  bad_fragment,
  too_deep,    // headers nested beyond 16
  other_port,  // none of the ports asked for
};
inline constexpr std::uint8_t kSkipReasonCount = 16;
std::string_view name_of(SkipReason reason);

struct TcpFlags {
  bool fin = false;
  bool syn = false;
  bool rst = false;
  bool ack = false;
};

/// One TCP segment. `payload` is what the capture has of it, `payload_length` what was on the wire.
struct Segment {
  http::SocketAddress source;
  http::SocketAddress destination;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  TcpFlags flags;
  ConstBytes payload;
  std::uint32_t payload_length = 0;
};

/// A piece of an IP datagram.
struct IpFragment {
  http::SocketAddress source;  // ports are 0
  http::SocketAddress destination;
  std::uint32_t identification = 0;
  std::uint8_t protocol = 0;
  std::uint32_t offset = 0;  // of `bytes` in the datagram's payload
  bool last = false;
  ConstBytes bytes;
  std::uint32_t length = 0;  // on the wire
};

using Decoded = std::variant<SkipReason, Segment, IpFragment>;

/// Pure, allocates nothing: link layer, VLAN tags, IPv4 or IPv6, TCP. Checksums are not verified: with offloading,
/// those of sent packets are wrong in every capture.
Decoded decode(const RawPacket& packet);

/// What an IP datagram carries, from its transport header on (a reassembled one).
struct Transport {
  http::SocketAddress source;
  http::SocketAddress destination;
  std::uint8_t protocol = 0;
  ConstBytes bytes;
  std::uint32_t length = 0;
};
Decoded decode_transport(const Transport& transport);

}  // namespace tapedeck::capture
