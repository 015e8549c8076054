#include "format/byte_stream.hpp"

#include <fstream>

#include <doctest/doctest.h>

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
