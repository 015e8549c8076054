#include "capture/defragmenter.hpp"

#include <doctest/doctest.h>

#include "tests/support/packet_builder.hpp"

using namespace tapedeck;
using namespace tapedeck::capture;

namespace {

IpFragment piece(std::uint32_t offset, std::string_view bytes, bool last = false, std::uint32_t identification = 1) {
  return {.source = test::address("10.0.0.1:0"),
          .destination = test::address("10.0.0.2:0"),
          .identification = identification,
          .protocol = 6,
          .offset = offset,
          .last = last,
          .bytes = as_bytes(bytes),
          .length = static_cast<std::uint32_t>(bytes.size())};
}

std::string text(const std::optional<Transport>& whole) { return whole ? std::string(as_text(whole->bytes)) : "-"; }
constexpr Time kStart = time_from_ns(0);

}  // namespace

TEST_CASE("fragments in any order make the datagram") {
  Defragmenter d;
  CHECK(text(d.take(piece(8, "bbbbbbbb"), kStart)) == "-");
  CHECK(text(d.take(piece(16, "cc", true), kStart)) == "-");
  CHECK(text(d.take(piece(0, "aaaaaaaa"), kStart)) == "aaaaaaaabbbbbbbbcc");
  CHECK(d.bytes() == 0);
}

TEST_CASE("fragments of different datagrams do not mix") {
  Defragmenter d;
  CHECK(text(d.take(piece(0, "aaaaaaaa", false, 1), kStart)) == "-");
  CHECK(text(d.take(piece(8, "bb", true, 2), kStart)) == "-");
  CHECK(text(d.take(piece(8, "cc", true, 1), kStart)) == "aaaaaaaacc");
}

TEST_CASE("of two fragments for one place the first wins") {
  Defragmenter d;
  CHECK(text(d.take(piece(0, "aaaaaaaa"), kStart)) == "-");
  CHECK(text(d.take(piece(0, "xxxxxxxx"), kStart)) == "-");
  CHECK(text(d.take(piece(8, "bb", true), kStart)) == "aaaaaaaabb");
}

TEST_CASE("memory, count and age of fragments are bounded, and what that costs is counted") {
  Defragmenter d({.bytes = 20, .fragments = 3, .age = std::chrono::seconds(30)});
  d.take(piece(0, "aaaaaaaa", false, 1), kStart);
  d.take(piece(0, "aaaaaaaa", false, 2), kStart);
  d.take(piece(0, "aaaaaaaa", false, 3), kStart);
  CHECK(d.bytes() == 16);
  CHECK(d.dropped() == 1);
  d.take(piece(16, "a", false, 3), kStart);
  d.take(piece(24, "a", false, 3), kStart);
  d.take(piece(32, "a", false, 3), kStart);
  CHECK(d.dropped() == 2);
  d.take(piece(0, "z", false, 9), kStart + std::chrono::seconds(31));
  CHECK(d.bytes() == 1);
}
