#include "format/byte_stream.hpp"

#include <array>
#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "format/decompressed_stream.hpp"
#include "format/stream_window.hpp"
#include "tests/format/foreign_fixture.hpp"
#include "tests/support/temp_directory.hpp"

namespace tapedeck::test {
namespace {

using format::decompressed_stream;
using format::memory_stream;
using format::read_up_to;

struct Decoded {
  std::string bytes;
  std::string damage;
  std::uint64_t lost = 0;
};

Decoded decode(std::unique_ptr<format::ByteStream> raw) {
  auto stream = decompressed_stream(std::move(raw));
  REQUIRE(stream.has_value());
  const auto bytes = read_up_to(**stream, 1 << 20);
  REQUIRE(bytes.has_value());
  const auto damage = (*stream)->damage();
  return {*bytes, damage ? damage->what : "", damage ? damage->bytes : 0};
}

/// All stretches of a stream that goes on behind damage.
struct Stretches {
  std::vector<std::string> text;
  std::string damage;
  std::uint64_t lost = 0;
};

Stretches decode_stretches(std::unique_ptr<format::ByteStream> raw) {
  auto stream = decompressed_stream(std::move(raw), format::BehindDamage::gone_on_with);
  REQUIRE(stream.has_value());
  Stretches all;
  std::array<std::byte, 4096> buffer{};
  do {
    std::string& text = all.text.emplace_back();
    while (const std::size_t got = (*stream)->read(buffer).value()) text += as_text(ConstBytes(buffer).first(got));
  } while ((*stream)->go_on());
  if (const auto damage = (*stream)->damage()) {
    all.damage = damage->what;
    all.lost = damage->bytes;
  }
  return all;
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  return text;
}

TEST_CASE("A stream that is not compressed is handed on, however short") {
  for (const std::string text : {"", "a", "ab", "abc", "abcd", "abcde"}) {
    CAPTURE(text);
    CHECK(decode(memory_stream(text)).bytes == text);
  }
}

TEST_CASE("gzip is told by content, member after member") {
  const std::string two = coded("gzip", "first ") + coded("gzip", "second");
  CHECK(decode(memory_stream(two)).bytes == "first second");
  CHECK(decode(std::make_unique<DrippingStream>(two, 1)).bytes == "first second");
  CHECK(decode(memory_stream(two)).damage.empty());
}

TEST_CASE("Zeros behind the last gzip member are padding") {
  const Decoded decoded = decode(memory_stream(coded("gzip", "text") + std::string(512, '\0')));
  CHECK(decoded.bytes == "text");
  CHECK(decoded.damage.empty());
}

TEST_CASE("zstd is told by content") {
  CHECK(decode(memory_stream(coded("zstd", "first ") + coded("zstd", "second"))).bytes == "first second");
}

TEST_CASE("What a cut off compressed stream still has is read, and the cut is told") {
  const std::string text = long_text();
  for (const std::string_view coding : {"gzip", "zstd"}) {
    CAPTURE(coding);
    const std::string whole = coded(coding, text);
    const Decoded decoded = decode(memory_stream(whole.substr(0, whole.size() / 2)));
    CHECK(text.starts_with(decoded.bytes));
    CHECK(decoded.damage == "its compressed data are cut off");
  }
}

TEST_CASE("A member cut within its header is cut off, too") {
  CHECK(decode(memory_stream(coded("gzip", "text") + "\x1f\x8b")).damage == "its compressed data are cut off");
}

TEST_CASE("Broken compressed data end the stream as damage, in bytes") {
  const Decoded decoded = decode(memory_stream(coded("gzip", "good") + "no member at all"));
  CHECK(decoded.bytes == "good");
  CHECK(decoded.damage == "its compressed data are broken");
  CHECK(decoded.lost > 0);
}

TEST_CASE("Behind what is no gzip member the next one is read, as a stretch of its own; what lies between is counted") {
  const std::string junk = "\x1f\x8b\x08\xff no header, and neither is \x1f\x8b\x08 this one";
  const std::string bytes = coded("gzip", "first ") + coded("gzip", "second") + junk + coded("gzip", "third");
  for (const std::size_t step : {1u, 1000u}) {
    const Stretches all = decode_stretches(std::make_unique<DrippingStream>(bytes, step));
    CHECK(fmt::format("{}", fmt::join(all.text, "|")) == "first second|third");
    CHECK(all.damage == "its compressed data are broken");
    CHECK(all.lost == junk.size());
  }
  const Decoded unasked = decode(memory_stream(bytes));
  CHECK(unasked.bytes == "first second");
  CHECK(unasked.lost > junk.size());
}

TEST_CASE("Whichever byte of a gzip member is wrong, its neighbours are read to the byte") {
  const std::string before = coded("gzip", "before ");
  const std::string member = coded("gzip", long_text().substr(0, 700));
  const std::string behind = coded("gzip", "behind");
  for (std::size_t at = 0; at < member.size(); ++at) {
    for (const char bit : {'\x01', '\x10'}) {
      CAPTURE(at);
      std::string wrong = member;
      wrong[at] = static_cast<char>(wrong[at] ^ bit);
      const Stretches all = decode_stretches(memory_stream(before + wrong + behind));
      CHECK(all.text.front().starts_with("before "));
      CHECK(all.text.back().ends_with("behind"));
      if (all.damage.empty()) continue;  // of its header not all matters
      CHECK(all.text.size() > 1);
      CHECK(all.text.back() == "behind");
      CHECK(all.lost > 0);
      CHECK(all.lost <= member.size() + before.size());
    }
  }
}

TEST_CASE("A gzip file broken in several places and cut off says so") {
  const std::string good = coded("gzip", "good");
  const Stretches all = decode_stretches(memory_stream(good + "junk" + good + "junk" + good.substr(0, 10)));
  CHECK(fmt::format("{}", fmt::join(all.text, "|")) == "good|good|");
  CHECK(all.damage == "its compressed data are broken in 2 places and cut off");
  CHECK(all.lost == 8);
}

TEST_CASE("A large gzip member that breaks off in the middle hides no member behind it") {
  std::string large;  // random enough that it stays large
  for (std::uint32_t i = 0, x = 1; i < 3'000'000; ++i) large += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  std::string member = coded("gzip", large);
  member.replace(member.size() / 2, 100, 100, '\xff');
  const Stretches all = decode_stretches(memory_stream(member + coded("gzip", "behind")));
  CHECK(large.starts_with(std::string_view(all.text.front()).substr(0, 1'000'000)));
  CHECK(all.text.back().size() == 6);
}

TEST_CASE("A file made of nothing but beginnings of members is given up in the end, all of it counted") {
  const std::string header = coded("gzip", "").substr(0, 10) + "\xff";
  std::string bytes;
  for (int i = 0; i < 5'000; ++i) bytes += header;
  const Stretches all = decode_stretches(memory_stream(bytes));
  CHECK(all.text.size() <= 1001);
  CHECK(all.lost == bytes.size());
}

TEST_CASE("An error of the disk comes through the decoder") {
  const std::string whole = coded("gzip", long_text());
  auto stream = decompressed_stream(std::make_unique<FailingStream>(whole.substr(0, whole.size() / 2)));
  REQUIRE(stream.has_value());
  const auto bytes = read_up_to(**stream, 1 << 20);
  REQUIRE(bytes.has_error());
  CHECK(bytes.error().message == "the disk is gone");
}

TEST_CASE("Files that cannot be opened say so in one line") {
  const TempDirectory directory;
  CHECK(format::open_stream(directory / "absent").error().message.find("cannot open") != std::string::npos);
  CHECK(format::open_stream(directory / "").error().message.find("is a directory") != std::string::npos);
}

TEST_CASE("A window shows what is ahead, whatever the size of the reads") {
  const std::string text = long_text();
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    format::StreamWindow window(std::make_unique<DrippingStream>(text, step));
    std::string seen;
    for (std::size_t size = 1; seen.size() < text.size(); size = size * 3 % 4096 + 1) {
      const auto ahead = window.peek(size);
      REQUIRE(ahead.has_value());
      const std::size_t count = std::min(size, ahead->size());
      seen += ahead->substr(0, count);
      window.take(count);
      REQUIRE(window.position() == seen.size());
    }
    CHECK(seen == text);
    CHECK(window.at_end().value());
  }
}

}  // namespace
}  // namespace tapedeck::test
