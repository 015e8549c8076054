#include <random>
#include <string>

#include <doctest/doctest.h>

#include "format/compressibility.hpp"
#include "format/frame.hpp"

namespace tapedeck {
namespace {

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST_CASE("What looks compressed and is stays as it is") {
  const std::string bytes = noise(100'000);
  REQUIRE(format::looks_incompressible(bytes));
  const format::FrameContent kept = format::Compressor(3).glance_or_keep(bytes);
  CHECK(kept.codec == format::Codec::raw);
  CHECK(kept.bytes == bytes);
}

TEST_CASE("What looks compressed and repeats itself is coded") {
  const std::string bytes = noise(50'000) + noise(50'000);
  REQUIRE(format::looks_incompressible(bytes));
  const format::FrameContent coded = format::Compressor(3).glance_or_keep(bytes);
  REQUIRE(coded.codec == format::Codec::zstd);
  CHECK(coded.bytes.size() < 55'000);
}

TEST_CASE("A glance does not change how the next frame is compressed") {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += std::to_string(i * 7919) + ",";
  const std::string alone = format::Compressor(3).compress(text);
  format::Compressor used(3);
  (void)used.glance_or_keep(noise(10'000));
  CHECK(used.compress(text) == alone);
}

}  // namespace
}  // namespace tapedeck
