// What rows share within an epoch, and rows as only other writers lay them out.
#include <doctest/doctest.h>

#include "format/compressibility.hpp"
#include "format/indexes.hpp"
#include "format/segment_writer.hpp"
#include "tests/format/tape_fixture.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

http::Exchange plain_exchange(int n) {
  http::Exchange e;
  e.request.head = "POST /a HTTP/1.1\r\nCookie: session=" + std::string(50, 'k') + "\r\n\r\n";
  e.request.first = e.request.last = e.response.first = e.response.last = kNow + std::chrono::milliseconds(n);
  e.request.body.state = e.response.body.state = http::BodyState::kept;
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  return e;
}

std::string random_bytes(std::size_t n) {
  std::mt19937 random(1);
  std::string bytes(n, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

/// A sealed tape of one chunk, laid out by hand.
std::string tape_of(format::ClosedChunk chunk) {
  const auto bytes = std::make_shared<std::string>();
  format::SegmentWriter segment(std::make_unique<MemorySink>(bytes), {kRecording, 0}, {}, 3);
  REQUIRE(segment.write_file_header({}).has_value());
  format::RecordEncoder encoder(3, 0);
  encoder.submit({format::RecordType::chunk, {}, {}, std::move(chunk), {}, false});
  REQUIRE(segment.write(*encoder.take(format::RecordEncoder::Wait::yes)).has_value());
  REQUIRE(segment.write_index(0).has_value());
  REQUIRE(segment.write_summary_and_footer("{}").has_value());
  return *bytes;
}

}  // namespace

TEST_CASE("equal bodies, parts of bodies and long header values are stored once") {
  const std::string small = random_bytes(5000);
  const std::string large = random_bytes(700'000);
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  std::vector<http::Exchange> expected;
  for (int n = 0; n < 40; ++n) {
    http::Exchange e = plain_exchange(n);
    e.request.body.bytes = small;
    e.response.body.bytes = n % 10 == 5 ? large : small;
    e.id = *writer->append(e, kNow);
    REQUIRE(writer->tick(kNow + std::chrono::seconds(n), first_byte(e)).has_value());
    expected.push_back(std::move(e));
  }
  REQUIRE(writer->seal(kNow).has_value());
  CHECK(bytes->size() < small.size() + large.size() + 60'000);
  auto reader = open_bytes(*bytes);
  check_equal(read_all(reader), expected);
  CHECK(reader.verify()->intact());
}

TEST_CASE("an epoch ends after 256 chunks, and nothing refers across its end") {
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  std::vector<http::Exchange> expected;
  for (int n = 0; n < 600; ++n) {
    http::Exchange e = plain_exchange(n);
    e.request.body.bytes = std::string(300, 'q');
    e.id = *writer->append(e, kNow);
    REQUIRE(writer->tick(kNow + std::chrono::seconds(2 * n + 2), first_byte(e)).has_value());
    expected.push_back(std::move(e));
  }
  REQUIRE(writer->seal(kNow).has_value());
  auto reader = open_bytes(*bytes);
  check_equal(read_all(reader), expected);
  const auto report = reader.verify();
  CHECK(report->intact());
  CHECK(report->records == 1 + 600 + 3 + 2);  // FILE_HEADER, CHUNKs, INDEXes, SUMMARY and FOOTER
  // Without the first epoch the others are whole.
  const format::TapeFile file(format::memory_source(*bytes), "tape", std::nullopt, format::MissingKey::refuse);
  const auto opened = format::read_indexes(file, **format::open_by_footers(file));
  const auto& chunks = (*opened)->map.recordings[0].segments[0].chunks;
  const auto cut = static_cast<std::size_t>(chunks[256].offset);
  std::string damaged = *bytes;
  std::fill(damaged.begin() + 200, damaged.begin() + static_cast<std::ptrdiff_t>(cut), '\0');
  auto rest = open_bytes(damaged);
  const auto what_is_left = rest.verify();
  CHECK(what_is_left->kept == 600 - 256);
  CHECK(what_is_left->lost == 256);
  CHECK(what_is_left->degraded.empty());
}

TEST_CASE("bodies in the column of incompressible ones are read") {
  format::RowMeta row;
  row.version = 0x11;
  row.status = 200;
  row.bodies[0] = {format::BodyCode::stored, 3, 0, 0, 0, 0, 0, {}};
  row.bodies[1] = {format::BodyCode::stored, 5, 0, 0, 0, 0, 0, {}};
  format::RowMeta again = row;
  again.bodies[0] = {format::BodyCode::equal, 5, 0, 1, 0, 0, 0, {}};
  format::MetaEncoder meta;
  meta.add(row);
  meta.add(again);
  format::ClosedChunk chunk;
  chunk.facts.rows = chunk.facts.exchanges = 2;
  chunk.facts.t_min = chunk.facts.t_max = 0;
  chunk.columns = {{format::Column::meta, meta.finish()}, {format::Column::stored, "abcdefgh12345"}};
  auto reader = open_bytes(tape_of(std::move(chunk)));
  const std::vector<http::Exchange> rows = read_all(reader);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].request.body.bytes == "abc");
  CHECK(rows[0].response.body.bytes == "defgh");
  CHECK(rows[1].request.body.bytes == "defgh");
  CHECK(rows[1].response.body.bytes == "12345");
}

TEST_CASE("bodies that look compressed are stored as they are, without an attempt to compress them") {
  std::mt19937 random(3);
  std::string random_body(50'000, '\0');
  for (char& c : random_body) c = static_cast<char>(random());
  std::string text;
  while (text.size() < 50'000) text += "{\"price\":" + std::to_string(random()) + "}";
  std::string utf8;
  while (utf8.size() < 50'000) utf8 += "\xC3\xA4" + std::to_string(random() % 10) + "\xE2\x82\xAC";
  std::string base64(50'000, '\0');
  for (char& c : base64) c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[random() % 64];
  std::string numbers(50'000, '\0');
  for (std::size_t i = 0; i < numbers.size(); i += 2) numbers[i] = static_cast<char>(random());
  CHECK(format::looks_incompressible(random_body));
  CHECK_FALSE(format::looks_incompressible(random_body.substr(0, 255)));
  for (const std::string* compressible : {&text, &utf8, &base64, &numbers}) {
    CHECK_FALSE(format::looks_incompressible(*compressible));
  }
  unsigned found = 0;
  for (int i = 0; i < 1000; ++i) {
    random_body.resize(300 + random() % 1000);
    for (char& c : random_body) c = static_cast<char>(random());
    found += format::looks_incompressible(random_body) ? 1 : 0;
  }
  CHECK(found >= 990);

  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  http::Exchange e = plain_exchange(0);
  e.request.body.bytes = text;
  e.response.body.bytes = random_body;
  e.id = *writer->append(e, kNow);
  REQUIRE(writer->seal(kNow).has_value());
  CHECK(bytes->find(random_body) != std::string::npos);
  CHECK(bytes->find(text) == std::string::npos);
  auto reader = open_bytes(*bytes);
  check_equal(read_all(reader), {e});
}
