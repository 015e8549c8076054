// verify(): hashes alone where they all hold, row by row where not. Both must say the same.
#include <random>

#include <doctest/doctest.h>

#include "tests/format/tape_fixture.hpp"
#include "tests/format/two_rows.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

struct Verified {
  std::string json;  // but for how it was found out
  format::Checked checked = format::Checked::rows;
};

Verified verify(const std::string& bytes, format::Check check) {
  auto report = open_bytes(bytes).verify(check);
  REQUIRE(report.has_value());
  const format::Checked checked = std::exchange(report->checked, format::Checked::rows);
  return {report->to_json(), checked};
}

void check_same(const std::string& bytes) {
  CHECK(verify(bytes, format::Check::stored_first).json == verify(bytes, format::Check::every_row).json);
}

WrittenTape tape_of(std::uint8_t recording, std::uint32_t seed) {
  format::TapeOptions options = small_chunks();
  options.recording = http::RecordingId{recording};
  return write_two_rows(seed, 80, options);
}

}  // namespace

TEST_CASE("an intact tape is verified by its hashes, with the result that its rows give") {
  const std::string one = tape_of(1, 11).bytes;
  const std::string two = one + tape_of(2, 12).bytes;
  for (const std::string& bytes : {one, two, two + one}) {  // also with a part that stands there twice
    CHECK(verify(bytes, format::Check::stored_first).checked == format::Checked::stored);
    CHECK(verify(bytes, format::Check::every_row).checked == format::Checked::rows);
    check_same(bytes);
  }
}

TEST_CASE("what is damaged, cut off or missing makes verify() look at every row") {
  const std::string bytes = tape_of(1, 13).bytes;
  std::mt19937 random(5);
  for (int n = 0; n < 40; ++n) {
    const std::size_t at = random() % bytes.size();
    CAPTURE(at);
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    const std::string without = bytes.substr(0, at) + bytes.substr(std::min(bytes.size(), at + 3000));
    for (const std::string& damaged : {flipped, without, bytes.substr(0, at + 300 < bytes.size() ? at + 300 : at)}) {
      CHECK(verify(damaged, format::Check::stored_first).checked == format::Checked::rows);
      check_same(damaged);
    }
  }
}
