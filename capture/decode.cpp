#include "capture/decode.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "capture/wire.hpp"

namespace tapedeck::capture {
namespace {

constexpr int kMaximumLayers = 16;

constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kDestinationOptions = 60;

/// What is left of a packet behind some headers: the bytes captured and how many there were on the wire.
struct Rest {
  ConstBytes bytes;
  std::uint32_t length;

  Rest behind(std::size_t header) const {
    const std::size_t shown = std::min(header, bytes.size());
    const std::uint32_t gone = static_cast<std::uint32_t>(std::min<std::size_t>(header, length));
    return {bytes.subspan(shown), length - gone};
  }
  /// At most `count` bytes on the wire: cuts padding off.
  Rest first(std::size_t count) const {
    return {bytes.first(std::min(count, bytes.size())),
            static_cast<std::uint32_t>(std::min<std::size_t>(count, length))};
  }
};

http::SocketAddress address_at(ConstBytes bytes, std::size_t at, std::uint8_t size) {
  http::SocketAddress address;
  for (std::size_t i = 0; i < size; ++i) address.bytes[i] = load8(bytes, at + i);
  address.size = size;
  return address;
}

SkipReason skip_of_protocol(std::uint8_t protocol) {
  switch (protocol) {
    case kUdp: return SkipReason::udp;
    case 1:
    case 58: return SkipReason::icmp;
    case 4:
    case 41: return SkipReason::ip_in_ip;
    case 47: return SkipReason::gre;
    case 50: return SkipReason::encrypted;
    default: return SkipReason::not_tcp;
  }
}

Decoded decode_ipv4(Rest rest) {
  if (rest.bytes.size() < 20) return rest.length < 20 ? SkipReason::bad_ip : SkipReason::cut_short;
  const ConstBytes header = rest.bytes;
  const std::size_t header_length = (load8(header, 0) & 0x0fu) * 4u;
  const std::uint16_t total = load16(header, 2);
  // Length 0 is what segmentation offload leaves of packets over 64 KiB: as captured.
  if (total != 0) rest = rest.first(total);
  if (load8(header, 0) >> 4 != 4 || header_length < 20 || header_length > rest.length) return SkipReason::bad_ip;

  const Rest payload = rest.behind(header_length);
  const std::uint16_t fragment = load16(header, 6);
  const std::uint32_t offset = (fragment & 0x1fffu) * 8;
  const bool more = (fragment & 0x2000) != 0;
  if (offset != 0 || more) {
    if (offset + payload.length > 65535) return SkipReason::bad_fragment;
    return IpFragment{.source = address_at(header, 12, 4),
                      .destination = address_at(header, 16, 4),
                      .identification = load16(header, 4),
                      .protocol = load8(header, 9),
                      .offset = offset,
                      .last = !more,
                      .bytes = payload.bytes,
                      .length = payload.length};
  }
  return decode_transport({.source = address_at(header, 12, 4),
                           .destination = address_at(header, 16, 4),
                           .protocol = load8(header, 9),
                           .bytes = payload.bytes,
                           .length = payload.length});
}

IpFragment ipv6_fragment(ConstBytes header, ConstBytes extension, Rest payload) {
  const std::uint16_t fragment = load16(extension, 2);
  return {.source = address_at(header, 8, 16),
          .destination = address_at(header, 24, 16),
          .identification = load32(extension, 4),
          .protocol = load8(extension, 0),
          .offset = fragment & 0xfff8u,
          .last = (fragment & 1) == 0,
          .bytes = payload.bytes,
          .length = payload.length};
}

/// Length of an IPv6 extension header whose first bytes are these; 0: it is none.
std::size_t extension_length(std::uint8_t type, ConstBytes bytes) {
  switch (type) {
    case kHopByHop:
    case kRouting:
    case kDestinationOptions: return (load8(bytes, 1) + 1u) * 8u;
    case kAuthentication: return (load8(bytes, 1) + 2u) * 4u;
    case kFragment: return 8;
    default: return 0;
  }
}

Decoded decode_ipv6(Rest rest) {
  if (rest.bytes.size() < 40) return rest.length < 40 ? SkipReason::bad_ip : SkipReason::cut_short;
  const ConstBytes header = rest.bytes;
  if (load8(header, 0) >> 4 != 6) return SkipReason::bad_ip;
  const std::uint16_t length = load16(header, 4);
  std::uint8_t next = load8(header, 6);
  rest = rest.behind(40);
  if (length != 0) rest = rest.first(length);

  for (int layer = 0; layer < kMaximumLayers; ++layer) {
    const bool known = next == kHopByHop || next == kRouting || next == kDestinationOptions ||
                       next == kAuthentication || next == kFragment;
    if (!known) {
      return decode_transport({.source = address_at(header, 8, 16),
                               .destination = address_at(header, 24, 16),
                               .protocol = next,
                               .bytes = rest.bytes,
                               .length = rest.length});
    }
    if (rest.bytes.size() < 8) return rest.length < 8 ? SkipReason::bad_ip : SkipReason::cut_short;
    const ConstBytes extension = rest.bytes;
    const std::size_t size = extension_length(next, extension);
    if (size > rest.length) return SkipReason::bad_ip;
    rest = rest.behind(size);
    if (next == kFragment && (load16(extension, 2) & 0xfff9u) != 0) {  // else atomic: a fragment that is whole
      if ((load16(extension, 2) & 0xfff8u) + rest.length > 65535) return SkipReason::bad_fragment;
      return ipv6_fragment(header, extension, rest);
    }
    next = load8(extension, 0);
  }
  return SkipReason::too_deep;
}

Decoded decode_ip(Rest rest) {
  if (rest.bytes.empty()) return rest.length == 0 ? SkipReason::bad_ip : SkipReason::cut_short;
  return load8(rest.bytes, 0) >> 4 == 6 ? decode_ipv6(rest) : decode_ipv4(rest);
}

/// From an EtherType on: tags, then IP.
Decoded decode_ethertype(std::uint16_t type, Rest rest) {
  for (int layer = 0; layer < kMaximumLayers; ++layer) {
    switch (type) {
      case kEtherIpv4: return decode_ipv4(rest);
      case kEtherIpv6: return decode_ipv6(rest);
      case 0x8100:
      case 0x88a8:
      case 0x9100:
        if (rest.bytes.size() < 4) return SkipReason::cut_short;
        type = load16(rest.bytes, 2);
        rest = rest.behind(4);
        break;
      case 0x8863:
      case 0x8864: return SkipReason::pppoe;
      case 0x8847:
      case 0x8848: return SkipReason::mpls;
      default: return SkipReason::not_ip;
    }
  }
  return SkipReason::too_deep;
}

/// A link header of `size` bytes with an EtherType at `at`.
Decoded decode_typed(Rest rest, std::size_t at, std::size_t size) {
  if (rest.bytes.size() < size) return SkipReason::cut_short;
  return decode_ethertype(load16(rest.bytes, at), rest.behind(size));
}

/// NULL and LOOP: the address family, for NULL in the byte order of the machine that captured.
Decoded decode_family(Rest rest) {
  if (rest.bytes.size() < 4) return SkipReason::cut_short;
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    switch (load<std::uint32_t>(rest.bytes, 0, order)) {
      case 2: return decode_ipv4(rest.behind(4));
      case 10:  // AF_INET6 of Linux, NetBSD, FreeBSD, macOS
      case 24:
      case 28:
      case 30: return decode_ipv6(rest.behind(4));
      default: break;
    }
  }
  return SkipReason::not_ip;
}

}  // namespace

std::string_view name_of(SkipReason reason) {
  static constexpr std::array<std::string_view, kSkipReasonCount> names{
      "link_type", "cut_short", "not_ip",  "pppoe",  "mpls",    "gre",          "ip_in_ip", "encrypted",
      "udp",       "icmp",      "not_tcp", "bad_ip", "bad_tcp", "bad_fragment", "too_deep", "other_port"};
  return names[static_cast<std::size_t>(reason)];
}

Decoded decode_transport(const Transport& transport) {
  if (transport.protocol != kTcp) return skip_of_protocol(transport.protocol);
  const ConstBytes bytes = transport.bytes;
  if (bytes.size() < 20) return transport.length < 20 ? SkipReason::bad_tcp : SkipReason::cut_short;
  const std::size_t header = (load8(bytes, 12) >> 4) * 4u;
  if (header < 20 || header > transport.length) return SkipReason::bad_tcp;
  const Rest payload = Rest{bytes, transport.length}.behind(header);
  const std::uint8_t flags = load8(bytes, 13);
  Segment segment{
      .source = transport.source,
      .destination = transport.destination,
      .sequence = load32(bytes, 4),
      .acknowledgment = load32(bytes, 8),
      .flags = {.fin = (flags & 1) != 0, .syn = (flags & 2) != 0, .rst = (flags & 4) != 0, .ack = (flags & 16) != 0},
      .payload = payload.bytes,
      .payload_length = payload.length};
  segment.source.port = load16(bytes, 0);
  segment.destination.port = load16(bytes, 2);
  return segment;
}

Decoded decode(const RawPacket& packet) {
  const auto captured = static_cast<std::uint32_t>(std::min<std::size_t>(packet.bytes.size(), UINT32_MAX));
  const Rest whole{packet.bytes, std::max(packet.wire_length, captured)};
  switch (packet.link) {
    case LinkType::ethernet: return decode_typed(whole, 12, 14);
    case LinkType::linux_sll: return decode_typed(whole, 14, 16);
    case LinkType::linux_sll2: return decode_typed(whole, 0, 20);
    case LinkType::null_bsd:
    case LinkType::loop: return decode_family(whole);
    case LinkType::raw_ip_old:
    case LinkType::raw_ip_openbsd:
    case LinkType::raw_ip:
    case LinkType::ipv4:
    case LinkType::ipv6: return decode_ip(whole);
  }
  return SkipReason::link_type;
}

}  // namespace tapedeck::capture
