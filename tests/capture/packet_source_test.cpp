#include "capture/packet_source.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/support/packet_builder.hpp"

using namespace tapedeck;
using namespace tapedeck::capture;
using namespace tapedeck::test;

namespace {

/// Files in a directory that goes away with the test.
class Files {
 public:
  Files() : x_directory(std::filesystem::temp_directory_path() / fmt::format("tapedeck-capture-{}", ::getpid())) {
    std::filesystem::create_directories(x_directory);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { std::filesystem::remove_all(x_directory); }

  std::filesystem::path add(const std::string& name, std::string_view bytes) const {
    std::ofstream(x_directory / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return x_directory / name;
  }

 private:
  std::filesystem::path x_directory;
};

/// What a source gives: `number time link bytes/wire`, and the end.
struct Read {
  std::vector<std::string> packets;
  SourceStats stats;
};

Read read_all(const std::vector<std::filesystem::path>& paths) {
  auto source = open_capture_files(paths);
  REQUIRE_MESSAGE(source.has_value(), source.error().message);
  Read read;
  RawPacket packet;
  for (;;) {
    const auto more = (*source)->read(packet);
    REQUIRE(more.has_value());
    if (!*more) break;
    read.packets.push_back(fmt::format("{} {} {} {}/{}", packet.number, to_ns(packet.time),
                                       static_cast<unsigned>(packet.link), as_text(packet.bytes), packet.wire_length));
  }
  read.stats = (*source)->stats();
  return read;
}

std::string error_of(const std::vector<std::filesystem::path>& paths) {
  const auto source = open_capture_files(paths);
  return source ? "no error" : source.error().message;
}

std::vector<BuiltPacket> three_packets() {
  return {{.time = time_from_ns(1'000'000'001'000), .bytes = "one"},
          {.time = time_from_ns(1'000'000'002'000), .bytes = "two", .wire_length = 30},
          {.time = time_from_ns(1'000'000'003'000), .bytes = "three"}};
}

const std::vector<std::string> kThree{"1 1000000001000 1 one/3", "2 1000000002000 1 two/30",
                                      "3 1000000003000 1 three/5"};

std::string gzip(std::string_view plain) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(plain.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  return out;
}

}  // namespace

TEST_CASE("pcap in both byte orders and both resolutions reads the same") {
  const Files files;
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    for (const bool nanoseconds : {false, true}) {
      const auto path = files.add("a.pcap", pcap_file(three_packets(), {order, nanoseconds}));
      const Read read = read_all({path});
      CHECK(read.packets == kThree);
      CHECK(read.stats.unread_bytes == 0);
    }
  }
}

TEST_CASE("nanoseconds of a pcap file are kept") {
  const Files files;
  const std::vector<BuiltPacket> packets{{.time = time_from_ns(5'123'456'789), .bytes = "x"}};
  CHECK(read_all({files.add("a", pcap_file(packets, {.nanoseconds = true}))}).packets[0] == "1 5123456789 1 x/1");
}

TEST_CASE("the frame check bits beside a pcap file's link type are left out") {
  const Files files;
  std::string bytes = pcap_file(three_packets());
  bytes[23] = 0x24;  // FCS present, 4 bytes
  CHECK(read_all({files.add("a", bytes)}).packets == kThree);
}

TEST_CASE("pcapng reads in both byte orders, with interfaces of different link types, resolutions and offsets") {
  const Files files;
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    PcapngBuilder builder(order);
    builder.interface(LinkType::ethernet);
    builder.interface(LinkType::raw_ip, 0, 9);
    builder.interface(LinkType::linux_sll, 0, 0x80 | 10, 100);
    builder.enhanced(0, 1'000'001, "us");
    builder.enhanced(1, 1'000'002'000, "ns", 9);
    builder.enhanced(2, 1024 + 512, "binary");
    const Read read = read_all({files.add("a.pcapng", builder.text())});
    CHECK(read.packets ==
          std::vector<std::string>{"1 1000001000 1 us/2", "2 1000002000 101 ns/9", "3 101500000000 113 binary/6"});
  }
}

TEST_CASE("simple and obsolete packet blocks are read, other blocks skipped") {
  const Files files;
  PcapngBuilder builder;
  builder.interface(LinkType::ethernet, 4);
  builder.block(10, "secrets of a session");
  builder.obsolete(0, 3, 2'000'000, "old");
  builder.block(0x0bad, std::string(300'000, 'x'));
  builder.simple("simp", 6);
  const Read read = read_all({files.add("a.pcapng", builder.text())});
  CHECK(read.packets == std::vector<std::string>{"1 2000000000 1 old/3", "2 2000000000 1 simp/6"});
  CHECK(read.stats.source_drops == 3);
}

TEST_CASE("a second section of another byte order begins with its own interfaces") {
  const Files files;
  PcapngBuilder first(std::endian::little);
  first.interface(LinkType::raw_ip);
  first.enhanced(0, 1, "a");
  PcapngBuilder second(std::endian::big);
  second.interface(LinkType::ethernet);
  second.enhanced(0, 2, "b");
  const Read read = read_all({files.add("a.pcapng", first.text() + second.text())});
  CHECK(read.packets == std::vector<std::string>{"1 1000 101 a/1", "2 2000 1 b/1"});
}

TEST_CASE("drop counts of packets and of interface statistics are the source's drops, not added up twice") {
  const Files files;
  PcapngBuilder builder;
  builder.interface(LinkType::ethernet);
  builder.interface(LinkType::ethernet);
  builder.enhanced(0, 1, "a", 0, 5);
  builder.enhanced(0, 2, "b", 0, 2);
  builder.statistics(0, 3, 3);
  builder.statistics(1, 10, 1);
  builder.statistics(1, 12, 1);
  CHECK(read_all({files.add("a.pcapng", builder.text())}).stats.source_drops == 7 + 13);
}

TEST_CASE("several files are merged by time") {
  const Files files;
  const auto at = [](std::int64_t us, std::string bytes) {
    return BuiltPacket{time_from_ns(us * 1000), std::move(bytes)};
  };
  const auto a = files.add("a", pcap_file({at(10, "a1"), at(30, "a2"), at(31, "a3")}));
  PcapngBuilder builder;
  builder.interface(LinkType::raw_ip);
  builder.enhanced(0, 5, "b1");
  builder.enhanced(0, 30, "b2");
  builder.enhanced(0, 40, "b3");
  const auto b = files.add("b", builder.text());
  CHECK(read_all({a, b}).packets == std::vector<std::string>{"1 5000 101 b1/2", "2 10000 1 a1/2", "3 30000 1 a2/2",
                                                             "4 30000 101 b2/2", "5 31000 1 a3/2", "6 40000 101 b3/2"});
}

TEST_CASE("gzip and zstd are undone, several members too") {
  const Files files;
  const std::string plain = pcap_file(three_packets());
  CHECK(read_all({files.add("a.pcap.gz", gzip(plain))}).packets == kThree);
  CHECK(read_all({files.add("b.pcap.gz", gzip(plain.substr(0, 50)) + gzip(plain.substr(50)))}).packets == kThree);
  CHECK(read_all({files.add("c.pcap.zst", zstd(plain))}).packets == kThree);
  CHECK(read_all({files.add("d.pcap.zst", zstd(plain.substr(0, 50)) + zstd(plain.substr(50)))}).packets == kThree);
}

TEST_CASE("a compressed file that ends early or breaks is read up to there and says so") {
  const Files files;
  const std::string whole = gzip(pcap_file(three_packets()));
  for (const std::string& broken : {whole.substr(0, whole.size() - 12), whole + "\x1f\x8b nonsense"}) {
    const Read read = read_all({files.add("a.gz", broken)});
    CHECK(read.stats.unread_bytes > 0);
    CHECK(read.stats.unread_where.find("compressed data") != std::string::npos);
  }
}

TEST_CASE("a torn last record costs that record") {
  const Files files;
  const std::string whole = pcap_file(three_packets());
  for (std::size_t cut = 1; cut < 16 + 5; ++cut) {
    CAPTURE(cut);
    const auto path = files.add("a.pcap", std::string_view(whole).substr(0, whole.size() - cut));
    const Read read = read_all({path});
    CHECK(read.packets == std::vector<std::string>(kThree.begin(), kThree.begin() + 2));
    CHECK(read.stats.unread_bytes == 16 + 5 - cut);
    CHECK(read.stats.unread_where.find("a.pcap, byte 62: the last record is torn") != std::string::npos);
  }
}

TEST_CASE("a torn last block costs that block") {
  const Files files;
  PcapngBuilder builder;
  builder.interface(LinkType::ethernet);
  builder.enhanced(0, 1, "kept");
  const std::size_t whole = builder.text().size();
  builder.enhanced(0, 2, "torn");
  for (std::size_t size = whole + 1; size < builder.text().size(); ++size) {
    CAPTURE(size);
    const Read read = read_all({files.add("a", builder.text().substr(0, size))});
    CHECK(read.packets.size() == 1);
    CHECK(read.stats.unread_bytes == size - whole);
  }
}

TEST_CASE("an impossible header ends the file; its place and the bytes unread are told") {
  const Files files;
  std::string bytes = pcap_file(three_packets());
  bytes.replace(24 + 19 + 8, 4, "\xff\xff\xff\x7f");  // the second record's length
  const Read read = read_all({files.add("a", bytes)});
  CHECK(read.packets.size() == 1);
  CHECK(read.stats.unread_bytes == 19 + 21);
  CHECK(read.stats.unread_where.find("byte 43") != std::string::npos);

  PcapngBuilder builder;
  builder.interface(LinkType::ethernet);
  builder.enhanced(0, 1, "a");
  builder.enhanced(7, 2, "of an interface that is not there");
  builder.enhanced(0, 3, "b");
  CHECK(read_all({files.add("b", builder.text())}).packets.size() == 1);
}

TEST_CASE("what is wrong with an input is said in a line that names it") {
  const Files files;
  CHECK(error_of({files.add("empty.pcap", "")}).find("empty.pcap is empty") != std::string::npos);
  CHECK(error_of({files.add("notes.txt", "hello")}).find("notes.txt is no capture file: it begins with 68 65 6c 6c") !=
        std::string::npos);
  CHECK(error_of({files.add("x", "hi")}).find("no capture file") != std::string::npos);
  CHECK(error_of({"/nonexistent/a.pcap"}).find("No such file") != std::string::npos);
  CHECK(error_of({files.add("torn.pcap", pcap_file({}).substr(0, 20))}).find("torn.pcap ends within the header") !=
        std::string::npos);
  CHECK(error_of({std::filesystem::temp_directory_path()}).find("is a directory") != std::string::npos);
}

TEST_CASE("a file of an unknown link type is trouble, by name and number") {
  const Files files;
  const std::vector<BuiltPacket> radio{{.bytes = "x", .link = static_cast<LinkType>(127)}};
  CHECK(
      error_of({files.add("radio.pcap", pcap_file(radio))}).find("link type IEEE802_11_RADIOTAP (127) is not known") !=
      std::string::npos);
  PcapngBuilder builder;
  builder.interface(static_cast<LinkType>(4242));
  builder.enhanced(0, 1, "x");
  CHECK(error_of({files.add("odd.pcapng", builder.text())}).find("link type 4242 is not known") != std::string::npos);
}

TEST_CASE("an unknown link type beside a known one is handed on to be counted") {
  const Files files;
  PcapngBuilder builder;
  builder.interface(static_cast<LinkType>(127));
  builder.interface(LinkType::ethernet);
  builder.enhanced(0, 1, "radio");
  builder.enhanced(1, 2, "cable");
  CHECK(read_all({files.add("a", builder.text())}).packets.size() == 2);
}

TEST_CASE("a capture file without packets is no error") {
  const Files files;
  CHECK(read_all({files.add("a", pcap_file({}))}).packets.empty());
  CHECK(read_all({files.add("b", PcapngBuilder().text())}).packets.empty());
}

TEST_CASE("the fingerprint follows the content and the order of the files") {
  const Files files;
  const auto a = files.add("a", pcap_file(three_packets()));
  const auto same = files.add("same", pcap_file(three_packets()));
  const auto b = files.add("b", pcap_file({three_packets()[0]}));
  const auto fingerprint = [](const std::vector<std::filesystem::path>& paths) {
    return (*open_capture_files(paths))->fingerprint();
  };
  CHECK(fingerprint({a}) == fingerprint({same}));
  CHECK(fingerprint({a}) != fingerprint({b}));
  CHECK(fingerprint({a, b}) != fingerprint({b, a}));
}
