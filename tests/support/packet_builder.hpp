#pragma once
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "capture/packet_source.hpp"
#include "http/exchange.hpp"

// Packets and capture files made by hand, for tests of capture/.
namespace tapedeck::test {

/// `10.0.0.1:80` or `[2001:db8::1]:80`; aborts if it is neither.
http::SocketAddress address(std::string_view text);

struct TcpSpec {
  http::SocketAddress from;
  http::SocketAddress to;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::string flags = "A";  // of S A F R P
  std::string payload;
};

std::string tcp_segment(const TcpSpec& spec);

struct IpSpec {
  http::SocketAddress from;
  http::SocketAddress to;
  std::uint8_t protocol = 6;
  std::string payload;
  std::string options;               // IPv4: padded to words by the caller; IPv6: extension headers
  std::uint8_t first_extension = 0;  // IPv6, with options: the type of the first one
  std::uint16_t fragment_field = 0;  // IPv4: flags and offset
  std::uint16_t identification = 1;
  bool zero_length = false;  // as segmentation offload leaves it
};
std::string ip_packet(const IpSpec& spec);
std::string ip_packet(const TcpSpec& spec);

/// Ethernet with these tags (EtherTypes of the tags, outermost first) around an IP packet.
std::string ethernet(std::string_view ip, const std::vector<std::uint16_t>& tags = {});
/// The link header of any known type around an IP packet.
std::string framed(capture::LinkType link, std::string_view ip);

struct BuiltPacket {
  Time time{};
  std::string bytes;
  capture::LinkType link = capture::LinkType::ethernet;
  std::uint32_t wire_length = 0;  // 0: as many as bytes
};

struct FileForm {
  std::endian order = std::endian::little;
  bool nanoseconds = false;
};
/// All packets must have the link type of the first.
std::string pcap_file(const std::vector<BuiltPacket>& packets, FileForm form = {});

/// A pcapng file, block by block.
class PcapngBuilder {
 public:
  explicit PcapngBuilder(std::endian order = std::endian::little) : x_order(order) { section(); }
  void section();
  /// `resolution` as if_tsresol stores it, `offset` as if_tsoffset.
  void interface(capture::LinkType link, std::uint32_t snapshot = 0, int resolution = -1, std::int64_t offset = 0);
  void enhanced(std::uint32_t interface, std::uint64_t ticks, std::string_view bytes, std::uint32_t wire_length = 0,
                std::uint64_t drops = 0);
  void simple(std::string_view bytes, std::uint32_t wire_length);
  void obsolete(std::uint16_t interface, std::uint16_t drops, std::uint64_t ticks, std::string_view bytes);
  void statistics(std::uint32_t interface, std::uint64_t dropped_by_interface, std::uint64_t dropped_by_system);
  void block(std::uint32_t type, std::string_view body);
  std::string text() const { return x_out; }

 private:
  std::endian x_order;
  std::string x_out;
};

/// Packets from memory, in the order given.
class FakePacketSource final : public capture::PacketSource {
 public:
  explicit FakePacketSource(std::vector<BuiltPacket> packets) : x_packets(std::move(packets)) {}
  Result<bool> read(capture::RawPacket& packet) override;
  capture::SourceStats stats() const override { return x_stats; }
  std::uint64_t fingerprint() const override { return 1; }
  void set_stats(capture::SourceStats stats) { x_stats = std::move(stats); }

 private:
  std::vector<BuiltPacket> x_packets;
  std::size_t x_next = 0;
  capture::SourceStats x_stats;
};

/// A number in this byte order.
template <class T>
std::string number(T value, std::endian order) {
  std::string bytes(sizeof(T), '\0');
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const std::size_t at = order == std::endian::little ? i : sizeof(T) - 1 - i;
    bytes[at] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
  return bytes;
}
template <class T>
std::string network(T value) {
  return number(value, std::endian::big);
}

}  // namespace tapedeck::test
