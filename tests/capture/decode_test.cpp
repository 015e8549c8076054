#include "capture/decode.hpp"

#include <doctest/doctest.h>

#include "tests/support/packet_builder.hpp"

using namespace tapedeck;
using namespace tapedeck::capture;
using namespace tapedeck::test;

namespace {

TcpSpec request(std::string_view from = "10.0.0.1:40000", std::string_view to = "10.0.0.2:80") {
  return {.from = address(from),
          .to = address(to),
          .sequence = 7,
          .acknowledgment = 9,
          .flags = "PA",
          .payload = "GET / HTTP/1.1\r\n\r\n"};
}

IpSpec ip_of(const TcpSpec& tcp) {
  IpSpec ip;
  ip.from = tcp.from;
  ip.to = tcp.to;
  ip.payload = tcp_segment(tcp);
  return ip;
}

Decoded decode_bytes(const std::string& bytes, LinkType link = LinkType::ethernet, std::uint32_t wire_length = 0) {
  RawPacket packet;
  packet.link = link;
  packet.bytes = as_bytes(bytes);
  packet.wire_length = wire_length == 0 ? static_cast<std::uint32_t>(bytes.size()) : wire_length;
  return decode(packet);
}

std::string payload_of(const Decoded& decoded) {
  const auto* segment = std::get_if<Segment>(&decoded);
  return segment == nullptr ? "no segment" : std::string(as_text(segment->payload));
}

SkipReason skip_of(const Decoded& decoded) {
  REQUIRE(std::holds_alternative<SkipReason>(decoded));
  return std::get<SkipReason>(decoded);
}

const std::string kGet = "GET / HTTP/1.1\r\n\r\n";

}  // namespace

TEST_CASE("a TCP segment on Ethernet and IPv4 is decoded field by field") {
  const std::string bytes = ethernet(ip_packet(request()));
  const auto decoded = decode_bytes(bytes);
  const auto& segment = std::get<Segment>(decoded);
  CHECK(to_string(segment.source) == "10.0.0.1:40000");
  CHECK(to_string(segment.destination) == "10.0.0.2:80");
  CHECK(segment.sequence == 7);
  CHECK(segment.acknowledgment == 9);
  CHECK(segment.flags.ack);
  CHECK_FALSE(segment.flags.syn);
  CHECK(as_text(segment.payload) == kGet);
  CHECK(segment.payload_length == kGet.size());
}

TEST_CASE("every known link type leads to the same segment, on IPv4 and IPv6") {
  const auto spec6 = request("[2001:db8::1]:40000", "[2001:db8::2]:80");
  for (const LinkType link : {LinkType::null_bsd, LinkType::ethernet, LinkType::raw_ip_old, LinkType::raw_ip_openbsd,
                              LinkType::raw_ip, LinkType::loop, LinkType::linux_sll, LinkType::linux_sll2}) {
    CAPTURE(static_cast<unsigned>(link));
    CHECK(payload_of(decode_bytes(framed(link, ip_packet(request())), link)) == kGet);
    CHECK(payload_of(decode_bytes(framed(link, ip_packet(spec6)), link)) == kGet);
  }
  CHECK(payload_of(decode_bytes(ip_packet(request()), LinkType::ipv4)) == kGet);
  CHECK(payload_of(decode_bytes(ip_packet(spec6), LinkType::ipv6)) == kGet);
}

TEST_CASE("a NULL header in the other byte order is understood") {
  const std::string bytes = std::string("\0\0\0\x02", 4) + ip_packet(request());
  CHECK(payload_of(decode_bytes(bytes, LinkType::null_bsd)) == kGet);
}

TEST_CASE("VLAN tags are passed over to any depth up to 16") {
  const std::string ip = ip_packet(request());
  CHECK(payload_of(decode_bytes(ethernet(ip, {0x8100}))) == kGet);
  CHECK(payload_of(decode_bytes(ethernet(ip, {0x88a8, 0x8100}))) == kGet);
  CHECK(payload_of(decode_bytes(ethernet(ip, {0x9100, 0x8100, 0x8100}))) == kGet);
  CHECK(skip_of(decode_bytes(ethernet(ip, std::vector<std::uint16_t>(17, 0x8100)))) == SkipReason::too_deep);
}

TEST_CASE("Ethernet padding is not data") {
  auto spec = request();
  spec.payload = "ab";
  CHECK(payload_of(decode_bytes(ethernet(ip_packet(spec)) + std::string(20, '\0'))) == "ab");
}

TEST_CASE("IPv4 options are passed over") {
  auto ip = ip_of(request());
  ip.options = std::string(8, '\x01');
  CHECK(payload_of(decode_bytes(ethernet(ip_packet(ip)))) == kGet);
}

TEST_CASE("IP length 0 of segmentation offload means as captured") {
  for (const auto& spec : {request(), request("[2001:db8::1]:40000", "[2001:db8::2]:80")}) {
    auto ip = ip_of(spec);
    ip.zero_length = true;
    CHECK(payload_of(decode_bytes(ethernet(ip_packet(ip)))) == kGet);
  }
}

TEST_CASE("IPv6 extension headers are passed over") {
  auto ip = ip_of(request("[2001:db8::1]:40000", "[2001:db8::2]:80"));
  ip.first_extension = 0;                                         // hop-by-hop, then
  ip.options = std::string("\x2b\x00\0\0\0\0\0\0", 8) +           // routing, then
               std::string("\x33\x00\0\0\0\0\0\0", 8) +           // authentication (4 words), then
               std::string("\x3c\x02", 2) + std::string(14, 0) +  // destination options, then
               std::string("\x2c\x00\0\0\0\0\0\0", 8) +           // an atomic fragment, then
               std::string("\x06\x00\0\0\0\0\0\x01", 8);          // TCP
  CHECK(payload_of(decode_bytes(ethernet(ip_packet(ip)))) == kGet);
}

TEST_CASE("a payload cut by the snapshot length keeps its length on the wire") {
  const std::string whole = ethernet(ip_packet(request()));
  const std::string cut = whole.substr(0, whole.size() - 10);
  const auto decoded = decode_bytes(cut, LinkType::ethernet, static_cast<std::uint32_t>(whole.size()));
  const auto& segment = std::get<Segment>(decoded);
  CHECK(as_text(segment.payload) == kGet.substr(0, kGet.size() - 10));
  CHECK(segment.payload_length == kGet.size());
}

TEST_CASE("fragments of IPv4 and IPv6 are told with their place") {
  auto ip = ip_of(request());
  ip.fragment_field = 0x2000 | 3;
  const std::string v4 = ethernet(ip_packet(ip));
  const auto first = decode_bytes(v4);
  CHECK(std::get<IpFragment>(first).offset == 24);
  CHECK_FALSE(std::get<IpFragment>(first).last);

  ip = ip_of(request("[2001:db8::1]:40000", "[2001:db8::2]:80"));
  ip.first_extension = 44;
  ip.options = std::string("\x06\x00\x00\x18\0\0\0\x07", 8);
  const std::string v6 = ethernet(ip_packet(ip));
  const auto second = decode_bytes(v6);
  CHECK(std::get<IpFragment>(second).offset == 24);
  CHECK(std::get<IpFragment>(second).last);
  CHECK(std::get<IpFragment>(second).identification == 7);
}

TEST_CASE("what holds no TCP is skipped by reason") {
  auto ip = ip_of(request());
  const auto with_protocol = [&](std::uint8_t protocol) {
    ip.protocol = protocol;
    return skip_of(decode_bytes(ethernet(ip_packet(ip))));
  };
  CHECK(with_protocol(17) == SkipReason::udp);
  CHECK(with_protocol(1) == SkipReason::icmp);
  CHECK(with_protocol(47) == SkipReason::gre);
  CHECK(with_protocol(4) == SkipReason::ip_in_ip);
  CHECK(with_protocol(50) == SkipReason::encrypted);
  CHECK(with_protocol(132) == SkipReason::not_tcp);
  CHECK(skip_of(decode_bytes(std::string(12, '\0') + "\x08\x06" + std::string(28, '\0'))) == SkipReason::not_ip);
  CHECK(skip_of(decode_bytes(std::string(12, '\0') + "\x88\x64" + std::string(28, '\0'))) == SkipReason::pppoe);
  CHECK(skip_of(decode_bytes("x", static_cast<LinkType>(127))) == SkipReason::link_type);
}

TEST_CASE("impossible headers are skipped, not read") {
  std::string bytes = ip_packet(request());
  std::string short_header = bytes;
  short_header[0] = 0x44;
  CHECK(skip_of(decode_bytes(short_header, LinkType::raw_ip)) == SkipReason::bad_ip);
  std::string long_tcp_header = bytes;
  long_tcp_header[20 + 12] = static_cast<char>(0xf0);
  CHECK(skip_of(decode_bytes(long_tcp_header, LinkType::raw_ip)) == SkipReason::bad_tcp);
}

TEST_CASE("a packet cut anywhere within its headers is cut short and never read beyond") {
  const std::string whole = ethernet(ip_packet(request()));
  const std::size_t headers = whole.size() - kGet.size();
  for (std::size_t size = 0; size < headers; ++size) {
    CAPTURE(size);
    const std::string cut = whole.substr(0, size);
    const auto decoded = decode_bytes(cut, LinkType::ethernet, static_cast<std::uint32_t>(whole.size()));
    CHECK(skip_of(decoded) == SkipReason::cut_short);
  }
}
