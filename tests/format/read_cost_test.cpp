// What it takes to read a part of a tape: reads and bytes, counted at the source.
#include <random>

#include <doctest/doctest.h>

#include "format/copy_tape.hpp"
#include "format/cursor.hpp"
#include "format/indexes.hpp"
#include "tests/format/tape_fixture.hpp"
#include "tests/support/counting_source.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::test;

namespace {

constexpr std::size_t kBody = 70'000;  // fills a chunk of 64 KiB

/// A body that no two exchanges share, and that nothing compresses.
std::string noise(std::mt19937_64& random) {
  std::string bytes(kBody, '\0');
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  return bytes;
}

/// The n-th second's: short header values, which are not kept apart.
http::Exchange exchange_of(std::size_t n, std::string body) {
  http::Exchange e;
  auto connection = std::make_shared<http::Connection>();
  connection->number = 1 + n;
  connection->client = *http::parse_socket_address("192.0.2.1:4000");
  e.connection = std::move(connection);
  e.request.head = "GET /" + std::to_string(n) + " HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  e.request.first = e.request.last = kNow + std::chrono::seconds(n);
  e.response.first = e.response.last = e.request.first + 1ms;
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  e.response.body = {http::BodyState::kept, std::move(body), {}, {}, {}};
  return e;
}

std::shared_ptr<const std::string> tape_of_chunks(std::size_t chunks, std::uint8_t recording = 1,
                                                  Sealed sealed = Sealed::yes) {
  std::mt19937_64 random(recording);
  format::TapeOptions options = small_chunks();
  options.recording = http::RecordingId{recording};
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), options, kNow);
  for (std::size_t n = 0; n < chunks; ++n) {
    const http::Exchange e = exchange_of(n, noise(random));
    REQUIRE(writer->append(e, e.request.first).has_value());
    REQUIRE(writer->tick(e.request.first, e.request.first).has_value());
  }
  if (sealed == Sealed::yes) REQUIRE(writer->seal(kNow).has_value());
  REQUIRE(bytes->size() > chunks * kBody);
  return bytes;
}

struct Counted {
  std::shared_ptr<ReadLog> log = std::make_shared<ReadLog>();
  format::TapeReader reader;
  explicit Counted(const std::shared_ptr<const std::string>& bytes)
      : reader(*format::TapeReader::open(std::make_unique<CountingSource>(bytes, log))) {}
};

format::TimeRange seconds(int from, int to) {
  return {kNow + std::chrono::seconds(from), kNow + std::chrono::seconds(to)};
}

}  // namespace

TEST_CASE("the totals of a sealed tape take two reads, whatever it holds") {
  const auto small = tape_of_chunks(10);
  const auto large = tape_of_chunks(1000);
  std::uint64_t bytes_read = 0;
  for (const auto& tape : {small, large}) {
    Counted counted(tape);
    const auto summary = counted.reader.summary();
    CHECK(summary->exchanges == (tape == small ? 10 : 1000));
    CHECK(counted.reader.start() == kNow);
    CHECK(counted.reader.damage().intact());
    CHECK(counted.log->reads() == 2);  // its end, its FILE_HEADER
    if (tape == large) CHECK(counted.log->bytes() == bytes_read);
    bytes_read = counted.log->bytes();
  }
  CHECK(bytes_read <= 65 * 1024);
}

TEST_CASE("of several segments each takes two reads") {
  const auto joined =
      std::make_shared<const std::string>(*tape_of_chunks(20, 1) + *tape_of_chunks(20, 2) + *tape_of_chunks(20, 3));
  Counted counted(joined);
  CHECK(counted.reader.summary()->exchanges == 60);
  CHECK(counted.reader.summary()->segments == 3);
  CHECK(counted.log->reads() == 6);
}

TEST_CASE("an exchange is found with four reads, and nothing is read twice") {
  for (const std::size_t chunks : {10u, 1000u}) {
    const auto tape = tape_of_chunks(chunks);
    for (const std::size_t n : {chunks / 5, chunks / 2, chunks - 5}) {
      CAPTURE(n);
      Counted counted(tape);
      const auto found = counted.reader.find("01000000-" + std::to_string(n));
      REQUIRE(found.has_value());
      CHECK(found->request.first == kNow + std::chrono::seconds(n));
      CHECK(found->response.body.bytes.size() == kBody);
      CHECK(counted.log->reads() <= 4);  // as above, an INDEX unless it is in the end that was read, the CHUNK
      CHECK(counted.log->are_disjoint());
    }
  }
}

TEST_CASE("many exchanges are found, and one that is not there is told, after a first one was") {
  const auto tape = tape_of_chunks(300);
  Counted counted(tape);
  for (const std::size_t n : {7u, 299u, 0u, 260u}) {
    CHECK(counted.reader.find("01000000-" + std::to_string(n))->request.first == kNow + std::chrono::seconds(n));
  }
  CHECK_FALSE(counted.reader.find("01000000-300").has_value());
  CHECK_FALSE(counted.reader.find("02000000-7").has_value());
}

TEST_CASE("an id from another recording is found by a few kilobytes of each chunk") {
  const auto tape = tape_of_chunks(200);
  auto from = open_bytes(*tape);
  format::TapeOptions options = small_chunks();
  options.recording = http::RecordingId{9};
  options.sorted = true;
  const auto copy = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(copy), options, kNow);
  format::CopyOptions half;
  half.range = seconds(100, 200);
  REQUIRE(format::copy_tape(from, *writer, half, kNow).has_value());
  Counted counted(copy);
  CHECK(counted.reader.find("01000000-150")->request.first == kNow + 150s);
  CHECK(counted.log->bytes() < copy->size() / 4);
}

TEST_CASE("chunks outside a range of time are not read") {
  const auto tape = tape_of_chunks(600);
  Counted counted(tape);
  CHECK(read_all(counted.reader, seconds(300, 310)).size() == 10);
  CHECK(counted.log->reads() <= 2 + 3 + 10);  // as above, the INDEXes, a chunk each
  CHECK(counted.log->bytes() < 20 * kBody);
}

TEST_CASE("another reader of the same tape does not look for its records again") {
  const auto cut = tape_of_chunks(50, 1, Sealed::no);
  Counted counted(cut);
  const std::uint64_t scanned = counted.log->bytes();
  CHECK(scanned >= cut->size());
  auto again = counted.reader.again();
  CHECK(counted.log->bytes() == scanned);
  CHECK(read_all(again).size() == read_all(counted.reader).size());
  CHECK(again.damage().kept == counted.reader.damage().kept);
}

TEST_CASE("an index that is damaged is met when rows are asked for, and done without") {
  const auto tape = tape_of_chunks(300);
  const auto file = std::make_unique<format::TapeFile>(format::memory_source(*tape), "tape", std::nullopt,
                                                       format::MissingKey::refuse);
  const auto sealed = format::open_by_footers(*file);
  REQUIRE((*sealed)->segments.front().map.epochs.size() == 2);
  std::string broken = *tape;
  broken[static_cast<std::size_t>((*sealed)->segments.front().map.epochs.front().index_offset) + 130] ^= 1;
  auto reader = open_bytes(broken);
  CHECK(reader.summary()->exchanges == 300);
  CHECK(reader.damage().damaged.empty());
  CHECK(reader.find("01000000-7")->request.first == kNow + 7s);
  CHECK(read_all(reader).size() == 300);
  CHECK(reader.damage().damaged.size() == 1);
  CHECK(reader.damage().kept == 300);
}

TEST_CASE("a chunk's bodies are let go once its rows are handed out") {
  const auto tape = tape_of_chunks(100);
  const auto file = std::make_shared<format::TapeFile>(format::memory_source(*tape), "tape", std::nullopt,
                                                       format::MissingKey::refuse);
  const auto sealed = format::open_by_footers(*file);
  auto opened = format::read_indexes(*file, **sealed);
  format::TapeStore store(file, std::make_shared<const format::ScanResult>(std::move(**opened)));
  format::MergedCursor cursor(store, {}, format::Bodies::load);
  std::uint64_t most = 0;
  while (*cursor.next()) most = std::max(most, store.memory());
  // What is kept of each chunk is what is stored of it: these bodies do not shrink.
  CHECK(most < tape->size() + 4 * kBody);
  CHECK(store.memory() > tape->size() / 2);
}
