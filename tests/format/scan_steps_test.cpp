// Whoever made a tape chose what a scan finds on it: its work stays in proportion to the tape's size. Steps are
// counted.
#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "format/record_numbers.hpp"
#include "format/scan.hpp"
#include "tests/format/edited_tape.hpp"
#include "tests/format/tape_fixture.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

struct CountingLess {
  std::uint64_t* count;
  bool operator()(std::uint64_t a, std::uint64_t b) const {
    ++*count;
    return a < b;
  }
};
using Numbers = format::RecordNumbers<CountingLess>;

struct CountingSource final : format::ByteSource {
  CountingSource(const std::string& held, std::uint64_t& counted) : bytes(held), reads(counted) {}
  Result<std::uint64_t> size() const override { return std::uint64_t{bytes.size()}; }
  Result<std::size_t> read_at(std::uint64_t offset, Bytes into) const override {
    ++reads;
    const std::size_t n = std::min(into.size(), bytes.size() - std::min<std::size_t>(offset, bytes.size()));
    std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()) + offset, n, into.begin());
    return n;
  }
  const std::string& bytes;
  std::uint64_t& reads;
};

struct Scan {
  Result<format::ScanResult> result;
  std::uint64_t reads = 0;
};

Scan scan(const std::string& bytes) {
  std::uint64_t reads = 0;
  const format::TapeFile file(std::make_unique<CountingSource>(bytes, reads), "tape", {}, format::MissingKey::refuse);
  auto result = format::scan_tape(file);
  return {std::move(result), reads};
}

/// Headers that are good, each promising a payload that is not.
std::string empty_promises(std::size_t n, std::uint32_t payload_len) {
  std::string bytes;
  format::RecordHeader header;
  header.type = static_cast<format::RecordType>(0x8001);
  header.payload_len = payload_len;
  for (std::size_t i = 0; i < n; ++i) {
    header.record_no = i;
    bytes += format::encode_header(header, {});
  }
  return bytes;
}

}  // namespace

TEST_CASE("record numbers that lack are found in few steps, whatever the order they come in") {
  constexpr std::uint64_t kRecords = 100'000;
  std::vector<std::uint64_t> odd;
  for (std::uint64_t n = 1; n < kRecords; n += 2) odd.push_back(n);
  const auto in_order = odd;
  std::shuffle(odd.begin(), odd.end(), std::mt19937(1));
  for (const auto& order : {in_order, {in_order.rbegin(), in_order.rend()}, odd}) {
    std::uint64_t steps = 0;
    Numbers numbers{CountingLess{&steps}};
    for (std::uint64_t n = 0; n < kRecords; n += 2) numbers.go_on(n, Numbers::State::damaged, n);
    CHECK(numbers.missing() == kRecords / 2 - 1);
    for (const std::uint64_t n : order) {
      if (n < numbers.next()) REQUIRE(numbers.fill(n));
    }
    CHECK(numbers.missing() == 0);
    for (std::uint64_t n = 0; n < kRecords; n += 2) REQUIRE(*numbers.fill(n)->damaged == n);
    CHECK_FALSE(numbers.fill(7));
    CHECK(steps < kRecords * 200);
  }
}

TEST_CASE("a number met once more fills its hole once, and holes shrink from any side") {
  format::RecordNumbers<> numbers;
  using State = format::RecordNumbers<>::State;
  numbers.go_on(10, State::whole, 0);
  CHECK(numbers.missing() == 10);
  for (const std::uint64_t n : {0u, 9u, 5u, 4u, 6u}) CHECK(numbers.fill(n));
  for (const std::uint64_t n : {0u, 9u, 5u, 4u, 6u, 10u}) CHECK_FALSE(numbers.fill(n));
  CHECK(numbers.missing() == 5);
  numbers.go_on(UINT64_MAX, State::whole, 0);
  CHECK(numbers.fill(UINT64_MAX - 1));
  CHECK_FALSE(numbers.fill(UINT64_MAX - 1));
}

TEST_CASE("sync patterns all over a file cost no more reads than other bytes") {
  std::string bytes = write_tape(ExchangeGenerator(1), 3, small_chunks()).bytes;
  const std::size_t tape = bytes.size();
  while (bytes.size() < 4 << 20) bytes += std::string("\x57\x2a\x4d\x18....TAPE", 12);
  const Scan scanned = scan(bytes);
  REQUIRE(scanned.result.has_value());
  CHECK(scanned.reads < 200);
  std::uint64_t damaged = 0;
  for (const auto& range : scanned.result->report.damaged) damaged += range.length;
  CHECK(damaged == bytes.size() - tape);
}

TEST_CASE("headers that promise long payloads make a scan hash no byte many times") {
  const std::string bytes = empty_promises(40'000, 2 << 20);
  const Scan scanned = scan(bytes);
  REQUIRE(scanned.result.has_value());
  CHECK(scanned.result->report.records == 40'000);
  CHECK(scanned.result->hashed < (100u << 20) + bytes.size());
}

TEST_CASE("a tape whose records stand in reverse is told from one that lacks them") {
  std::string bytes;
  std::string backwards;
  format::RecordHeader header;
  header.type = static_cast<format::RecordType>(0x8001);
  header.payload_xxh3 = format::xxh3({});
  for (std::uint64_t n = 0; n < 20'000; ++n) {
    header.record_no = n * 2;
    bytes += format::encode_header(header, {});
    header.record_no = 39'999 - n * 2;
    backwards += format::encode_header(header, {});
  }
  const Scan scanned = scan(bytes + backwards);
  REQUIRE(scanned.result.has_value());
  CHECK(scanned.result->report.records == 40'000);
  CHECK(scanned.result->report.missing == 0);
}
