#include "tests/support/packet_builder.hpp"

#include <cstdlib>

namespace tapedeck::test {
namespace {

using capture::LinkType;

std::string_view raw(const http::SocketAddress& address) {
  return {reinterpret_cast<const char*>(address.bytes.data()), address.size};
}

std::string padded(std::string_view bytes) {
  std::string out(bytes);
  out.resize((out.size() + 3) / 4 * 4);
  return out;
}

std::uint16_t ethertype(std::string_view ip) { return !ip.empty() && (ip[0] & 0xf0) == 0x60 ? 0x86dd : 0x0800; }

}  // namespace

http::SocketAddress address(std::string_view text) {
  const auto parsed = http::parse_socket_address(text);
  if (!parsed) std::abort();
  return *parsed;
}

std::string tcp_segment(const TcpSpec& spec) {
  unsigned flags = 0;
  for (const char flag : spec.flags) {
    flags |= flag == 'F' ? 1u : flag == 'S' ? 2u : flag == 'R' ? 4u : flag == 'P' ? 8u : flag == 'A' ? 16u : 0u;
  }
  return network(spec.from.port) + network(spec.to.port) + network(spec.sequence) + network(spec.acknowledgment) +
         network(static_cast<std::uint16_t>(0x5000 | flags)) + network(std::uint16_t{65535}) +
         network(std::uint32_t{0}) + spec.payload;
}

std::string ip_packet(const IpSpec& spec) {
  const std::size_t body = spec.options.size() + spec.payload.size();
  if (spec.from.size == 16) {
    const auto length = static_cast<std::uint16_t>(spec.zero_length ? 0 : body);
    const std::uint8_t next = spec.options.empty() ? spec.protocol : spec.first_extension;
    return network(std::uint32_t{0x60000000}) + network(length) + network(next) + network(std::uint8_t{64}) +
           std::string(raw(spec.from)) + std::string(raw(spec.to)) + spec.options + spec.payload;
  }
  const auto words = static_cast<std::uint8_t>(0x40 | (5 + spec.options.size() / 4));
  const auto total = static_cast<std::uint16_t>(spec.zero_length ? 0 : 20 + body);
  return network(words) + network(std::uint8_t{0}) + network(total) + network(spec.identification) +
         network(spec.fragment_field) + network(std::uint8_t{64}) + network(spec.protocol) + network(std::uint16_t{0}) +
         std::string(raw(spec.from)) + std::string(raw(spec.to)) + spec.options + spec.payload;
}

std::string ip_packet(const TcpSpec& spec) {
  IpSpec ip;
  ip.from = spec.from;
  ip.to = spec.to;
  ip.payload = tcp_segment(spec);
  return ip_packet(ip);
}

std::string ethernet(std::string_view ip, const std::vector<std::uint16_t>& tags) {
  std::string out = std::string("\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
  for (const std::uint16_t tag : tags) out += network(tag) + network(std::uint16_t{7});
  return out + network(ethertype(ip)) + std::string(ip);
}

std::string framed(LinkType link, std::string_view ip) {
  const std::string packet(ip);
  switch (link) {
    case LinkType::ethernet: return ethernet(ip);
    case LinkType::linux_sll: return std::string(14, '\0') + network(ethertype(ip)) + packet;
    case LinkType::linux_sll2: return network(ethertype(ip)) + std::string(18, '\0') + packet;
    case LinkType::null_bsd:
      return number(std::uint32_t{ethertype(ip) == 0x0800 ? 2u : 30u}, std::endian::little) + packet;
    case LinkType::loop: return network(std::uint32_t{ethertype(ip) == 0x0800 ? 2u : 24u}) + packet;
    default: return packet;
  }
}

std::string pcap_file(const std::vector<BuiltPacket>& packets, FileForm form) {
  const auto n = [&](std::uint32_t value) { return number(value, form.order); };
  const LinkType link = packets.empty() ? LinkType::ethernet : packets.front().link;
  std::string out = n(form.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4) + number(std::uint16_t{2}, form.order) +
                    number(std::uint16_t{4}, form.order) + n(0) + n(0) + n(262144) +
                    n(static_cast<std::uint32_t>(link));
  for (const BuiltPacket& packet : packets) {
    const std::int64_t ns = to_ns(packet.time);
    const auto size = static_cast<std::uint32_t>(packet.bytes.size());
    const std::int64_t fraction = ns % 1'000'000'000 / (form.nanoseconds ? 1 : 1000);
    out += n(static_cast<std::uint32_t>(ns / 1'000'000'000)) + n(static_cast<std::uint32_t>(fraction)) + n(size) +
           n(packet.wire_length == 0 ? size : packet.wire_length) + packet.bytes;
  }
  return out;
}

void PcapngBuilder::block(std::uint32_t type, std::string_view body) {
  const std::string inner = padded(body);
  const auto length = static_cast<std::uint32_t>(inner.size() + 12);
  x_out += number(type, x_order) + number(length, x_order) + inner + number(length, x_order);
}

void PcapngBuilder::section() {
  block(0x0a0d0d0a, number(std::uint32_t{0x1a2b3c4d}, x_order) + number(std::uint16_t{1}, x_order) +
                        number(std::uint16_t{0}, x_order) + std::string(8, '\xff'));
}

void PcapngBuilder::interface(LinkType link, std::uint32_t snapshot, int resolution, std::int64_t offset) {
  std::string body =
      number(static_cast<std::uint16_t>(link), x_order) + number(std::uint16_t{0}, x_order) + number(snapshot, x_order);
  if (resolution >= 0) {
    body += number(std::uint16_t{9}, x_order) + number(std::uint16_t{1}, x_order) +
            padded(std::string(1, static_cast<char>(resolution)));
  }
  if (offset != 0) {
    body += number(std::uint16_t{14}, x_order) + number(std::uint16_t{8}, x_order) + number(offset, x_order);
  }
  block(1, body + std::string(4, '\0'));
}

void PcapngBuilder::enhanced(std::uint32_t interface, std::uint64_t ticks, std::string_view bytes,
                             std::uint32_t wire_length, std::uint64_t drops) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  std::string body = number(interface, x_order) + number(static_cast<std::uint32_t>(ticks >> 32), x_order) +
                     number(static_cast<std::uint32_t>(ticks), x_order) + number(size, x_order) +
                     number(wire_length == 0 ? size : wire_length, x_order) + padded(bytes);
  if (drops != 0)
    body += number(std::uint16_t{4}, x_order) + number(std::uint16_t{8}, x_order) + number(drops, x_order);
  block(6, body);
}

void PcapngBuilder::simple(std::string_view bytes, std::uint32_t wire_length) {
  block(3, number(wire_length, x_order) + std::string(bytes));
}

void PcapngBuilder::obsolete(std::uint16_t interface, std::uint16_t drops, std::uint64_t ticks,
                             std::string_view bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  block(2, number(interface, x_order) + number(drops, x_order) +
               number(static_cast<std::uint32_t>(ticks >> 32), x_order) +
               number(static_cast<std::uint32_t>(ticks), x_order) + number(size, x_order) + number(size, x_order) +
               std::string(bytes));
}

void PcapngBuilder::statistics(std::uint32_t interface, std::uint64_t dropped_by_interface,
                               std::uint64_t dropped_by_system) {
  const auto option = [&](std::uint16_t code, std::uint64_t value) {
    return number(code, x_order) + number(std::uint16_t{8}, x_order) + number(value, x_order);
  };
  block(5, number(interface, x_order) + std::string(8, '\0') + option(5, dropped_by_interface) +
               option(7, dropped_by_system));
}

Result<bool> FakePacketSource::read(capture::RawPacket& packet) {
  if (x_next == x_packets.size()) return false;
  const BuiltPacket& built = x_packets[x_next++];
  packet.number = x_next;
  packet.time = built.time;
  packet.link = built.link;
  packet.bytes = as_bytes(built.bytes);
  packet.wire_length = built.wire_length == 0 ? static_cast<std::uint32_t>(built.bytes.size()) : built.wire_length;
  return true;
}

}  // namespace tapedeck::test
