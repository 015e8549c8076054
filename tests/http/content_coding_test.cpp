#include "http/content_coding.hpp"

#include <random>

#include <doctest/doctest.h>
#include <zlib.h>

namespace tapedeck::http {
namespace {

std::string encoded(std::string_view coding, std::string_view plain) {
  return encode_content(coding, as_bytes(plain)).value();
}

Decoded decoded(std::string_view codings, std::string_view coded, DecodeLimits limits = {}) {
  return decode_content(codings, as_bytes(coded), limits);
}

/// Compressible, but not a run.
std::string text_of(std::size_t size) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < size) text += "item " + std::to_string(random() % 1000) + ", ";
  text.resize(size);
  return text;
}

std::string raw_deflate(std::string_view plain) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(plain.size() + 100, '\0'), in(plain);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

constexpr const char* kCodings[] = {"gzip", "deflate", "br", "zstd"};

TEST_CASE("what a coding makes, it undoes") {
  for (const std::string& plain : {std::string(), std::string("x"), text_of(300'000)}) {
    for (const char* coding : kCodings) {
      CAPTURE(coding);
      const Decoded back = decoded(coding, encoded(coding, plain));
      CHECK(back.failure == DecodeFailure::none);
      CHECK(back.bytes == plain);
    }
  }
}

TEST_CASE("lists are undone from their end, whatever their case and blanks") {
  const std::string coded = encoded("br", encoded("gzip", "hello"));
  CHECK(decoded("gzip, br", coded).bytes == "hello");
  CHECK(decoded(" X-GZip ,identity,, BR", coded).bytes == "hello");
  CHECK(decoded("identity", "hello").bytes == "hello");
  CHECK(decoded("", "hello").bytes == "hello");
}

TEST_CASE("a gzip body of several members is one body") {
  const std::string two = encoded("gzip", "one ") + encoded("gzip", "two");
  CHECK(decoded("gzip", two).bytes == "one two");
  CHECK(decoded("gzip", two).failure == DecodeFailure::none);
  CHECK(decoded("gzip", two + std::string(8, '\0')).failure == DecodeFailure::none);  // padding
  CHECK(decoded("gzip", two + "garbage").failure == DecodeFailure::corrupt);
  CHECK(decoded("gzip", two + "garbage").bytes == "one two");
}

TEST_CASE("a zstd body of several frames is one body") {
  CHECK(decoded("zstd", encoded("zstd", "one ") + encoded("zstd", "two")).bytes == "one two");
}

TEST_CASE("deflate may come raw") {
  const Decoded back = decoded("deflate", raw_deflate("hello hello hello"));
  CHECK(back.failure == DecodeFailure::none);
  CHECK(back.bytes == "hello hello hello");
}

TEST_CASE("a body that ends too early is corrupt and keeps what was there") {
  const std::string plain = text_of(300'000);
  for (const char* coding : kCodings) {
    CAPTURE(coding);
    std::string coded = encoded(coding, plain);
    coded.resize(coded.size() - 5);
    const Decoded back = decoded(coding, coded);
    CHECK(back.failure == DecodeFailure::corrupt);
    CHECK(back.bytes.size() > plain.size() / 2);
    CHECK(plain.starts_with(std::string_view(back.bytes).substr(0, plain.size() / 2)));
  }
}

TEST_CASE("what is not coded at all is corrupt") {
  for (const char* coding : kCodings) CHECK(decoded(coding, "<html>plain</html>").failure == DecodeFailure::corrupt);
}

TEST_CASE("a body of nothing decodes to nothing") {
  for (const char* coding : kCodings) CHECK(decoded(coding, "").failure == DecodeFailure::none);
}

TEST_CASE("an unknown coding says so and gives nothing") {
  const Decoded back = decoded("gzip, compress", "abc");
  CHECK(back.failure == DecodeFailure::unknown_coding);
  CHECK(back.bytes.empty());
}

TEST_CASE("a bomb ends at the ratio, at the limit and at the number of layers") {
  const std::string zeros(20u << 20, '\0');
  for (const char* coding : kCodings) {
    CAPTURE(coding);
    const std::string bomb = encoded(coding, zeros);
    DecodeLimits by_ratio;
    by_ratio.ratio = 10;
    const Decoded back = decoded(coding, bomb, by_ratio);
    CHECK(back.failure == DecodeFailure::too_large);
    CHECK(back.bytes.size() == std::max<std::size_t>(1u << 20, bomb.size() * 10));
    DecodeLimits by_size;
    by_size.bytes = 1000;
    CHECK(decoded(coding, bomb, by_size).failure == DecodeFailure::too_large);
    CHECK(decoded(coding, bomb, by_size).bytes.size() == 1000);
  }
  CHECK(decoded("gzip, gzip, gzip, gzip", "abc").failure == DecodeFailure::too_large);
}

TEST_CASE("an unknown coding cannot be applied") {
  const auto coded = encode_content("compress", as_bytes("x"));
  REQUIRE_FALSE(coded.has_value());
  CHECK(coded.error().message.find("gzip, deflate, br, zstd") != std::string::npos);
}

}  // namespace
}  // namespace tapedeck::http
