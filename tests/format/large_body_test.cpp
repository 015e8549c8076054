// Bodies too large for one piece: left on their tape, read piece by piece, copied part by part.
#include <functional>
#include <random>

#include <doctest/doctest.h>

#include "format/copy_tape.hpp"
#include "format/format_error.hpp"
#include "format/segment_records.hpp"
#include "tests/format/hostile_tape.hpp"
#include "tests/format/tape_fixture.hpp"
#include "tests/format/two_rows.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

std::string random_bytes(std::size_t n, std::uint32_t seed = 7) {
  std::mt19937 random(seed);
  std::string bytes;
  while (bytes.size() < n) bytes += static_cast<char>(random());
  return bytes;
}

http::Exchange download(std::string body, int n = 0) {
  http::Exchange e;
  e.sequence = static_cast<std::uint32_t>(n);
  e.request.head = "GET /film HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  e.request.first = e.request.last = kNow + std::chrono::milliseconds(n);
  e.response.first = e.response.last = e.request.first + std::chrono::seconds(1);
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  e.response.body = {http::BodyState::kept, std::move(body), {}, {}, {}};
  return e;
}

std::string tape_of(const std::vector<http::Exchange>& exchanges) {
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  REQUIRE(writer.has_value());
  for (const http::Exchange& e : exchanges) REQUIRE(writer->append(e, kNow).has_value());
  REQUIRE(writer->seal(kNow).has_value());
  return *bytes;
}

/// The n-th BLOB of a tape.
RecordPlace blob_at(const std::string& tape, std::size_t n) {
  for (const RecordPlace& record : records_of(tape)) {
    if (record.type == format::RecordType::blob && n-- == 0) return record;
  }
  FAIL("no such part");
  return {};
}

format::TapeReader open_limited(const std::string& bytes, format::BodyLimits limits) {
  format::ReadOptions options;
  options.bodies = limits;
  auto reader = format::TapeReader::open(format::memory_source(bytes), options);
  REQUIRE(reader.has_value());
  return std::move(*reader);
}

format::TapeReader open_limited(const std::string& bytes, ByteSize large) {
  return open_limited(bytes, format::BodyLimits{1_GiB, large});
}

struct Copy {
  std::string bytes;
  format::CopyResult result;
};

/// With bodies of more than `large` going over part by part.
Copy copy(const std::string& bytes, ByteSize large) {
  auto reader = open_limited(bytes, large);
  const auto out = std::make_shared<std::string>();
  format::TapeOptions sorted = small_chunks();
  sorted.sorted = true;
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(out), sorted, kNow);
  auto copied = format::copy_tape(reader, *writer, {}, kNow);
  REQUIRE(copied.has_value());
  return {*out, std::move(*copied)};
}

constexpr ByteSize kParts{format::kInlineBody};  // all that a tape holds in parts of its own accord

/// The copy is what it would be if its bodies had been in memory as a whole.
Copy check_copy_is_the_same(const std::string& bytes) {
  Copy streamed = copy(bytes, kParts);
  const Copy whole = copy(bytes, 1_GiB);
  CHECK(streamed.bytes == whole.bytes);
  CHECK(streamed.result.damage.to_json() == whole.result.damage.to_json());
  return streamed;
}

}  // namespace

TEST_CASE("a large body stays on the tape, and is read in pieces of at most 256 KiB; a small one comes along") {
  const std::string large = random_bytes(700'001);
  auto reader = open_limited(tape_of({download("small"), download(large, 1)}), kParts);
  auto cursor = reader.in_time_order({}, format::Bodies::refer);
  const auto first = cursor.next_stored();
  REQUIRE((first.has_value() && first->has_value()));
  CHECK_FALSE((*first)->left_of(http::Side::response));
  CHECK((*first)->exchange.response.body.bytes == "small");
  const auto second = cursor.next_stored();
  REQUIRE((second.has_value() && second->has_value()));
  const format::BodyRef& left = (*second)->left_of(http::Side::response);
  REQUIRE(left);
  CHECK(left.length == large.size());
  CHECK((*second)->exchange.response.body.state == http::BodyState::kept);
  CHECK((*second)->exchange.response.body.bytes.empty());
  CHECK((*second)->exchange.response.body.wire_length == large.size());
  std::string joined;
  std::size_t largest = 0;
  const auto read = reader.read_body(left, [&](std::string_view piece) -> Result<void> {
    joined += piece;
    largest = std::max(largest, piece.size());
    return {};
  });
  REQUIRE(read.has_value());
  CHECK(joined == large);
  CHECK(largest == 256 * 1024);
}

TEST_CASE("a large body is found by its exchange's id, and the visitor's error ends the reading") {
  const std::string large = random_bytes(600'000);
  auto reader = open_limited(tape_of({download(large)}), kParts);
  const auto found = reader.find_stored("0");
  REQUIRE(found.has_value());
  int calls = 0;
  const auto read = reader.read_body(found->left_of(http::Side::response), [&](std::string_view) -> Result<void> {
    ++calls;
    return make_error("enough");
  });
  REQUIRE(read.has_error());
  CHECK(read.error().message == "enough");
  CHECK(calls == 1);
}

TEST_CASE("a body beyond what may be had in one piece is left out for its size; that is no damage") {
  const std::string large = random_bytes(600'000);
  auto reader = open_limited(tape_of({download(large)}), format::BodyLimits{ByteSize{500'000}, ByteSize{500'000}});
  const auto rows = read_all(reader);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].response.body.state == http::BodyState::omitted);
  CHECK(rows[0].response.body.omitted_because == http::OmittedBecause::limit);
  CHECK(rows[0].response.body.wire_length == large.size());
  CHECK(reader.damage().intact());
  CHECK(reader.verify()->intact());
}

TEST_CASE("a copy is the same whether bodies go over in parts or as a whole") {
  for (const std::uint32_t seed : {1u, 2u}) {
    CAPTURE(seed);
    check_copy_is_the_same(write_two_rows(seed, 150, small_chunks()).bytes);
  }
}

TEST_CASE("a body without a part in its middle is damaged in the copy, and counts") {
  std::string tape = tape_of({download(random_bytes(1'000'000)), download(random_bytes(900'000, 8), 1)});
  std::fill_n(tape.begin() + static_cast<std::ptrdiff_t>(blob_at(tape, 1).begin), 64, '\0');
  const Copy copied = check_copy_is_the_same(tape);
  CHECK(copied.result.damage.degraded == std::map<std::string, std::uint64_t>{{"response_body", 1}});
  CHECK(copied.result.written == 2);
  auto reader = open_bytes(copied.bytes);
  const auto rows = read_all(reader);
  CHECK(rows[0].response.body.omitted_because == http::OmittedBecause::damaged);
  CHECK(rows[0].response.body.wire_length == 1'000'000);
  CHECK(rows[1].response.body.bytes.size() == 900'000);
}

TEST_CASE("a part whose bytes are wrong, though its hashes hold, is damage to who looks at every row, and to a copy") {
  std::string tape = tape_of({download(std::string(600'000, 'x')), download("small", 1)});
  const RecordPlace part = blob_at(tape, 2);
  tape[part.end - 1] = static_cast<char>(tape[part.end - 1] ^ 1);  // of the zstd frame's own checksum
  rehash(tape, part);
  auto reader = open_limited(tape, kParts);
  CHECK(reader.verify(format::Check::every_row)->degraded ==
        std::map<std::string, std::uint64_t>{{"response_body", 1}});
  const Copy copied = copy(tape, kParts);
  CHECK(copied.result.damage.degraded == std::map<std::string, std::uint64_t>{{"response_body", 1}});
  auto rows_reader = open_bytes(copied.bytes);
  const auto rows = read_all(rows_reader);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].response.body.omitted_because == http::OmittedBecause::damaged);
  CHECK(rows[1].response.body.bytes == "small");
}

TEST_CASE("of a large upload that was under way when its recording broke off, the copy has what is there") {
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  http::Exchange upload = download("");
  upload.request.head = "POST /film HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  upload.response = {};
  upload.status = 0;
  const std::string there = random_bytes(700'000);
  const auto body = writer->begin_body();
  REQUIRE(writer->append_body(body, format::part_of(upload, http::Side::request, there), kNow).has_value());
  REQUIRE(writer->open(upload, kNow, {body, 0}).has_value());
  REQUIRE(writer->tick(kNow + std::chrono::seconds(5), kNow).has_value());
  const Copy copied = check_copy_is_the_same(*bytes);
  auto reader = open_bytes(copied.bytes);
  const auto rows = read_all(reader);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].request.body.bytes == there);
  CHECK(rows[0].flags.has(http::Flag::request_truncated));
  CHECK(rows[0].flags.has(http::Flag::cut_off));
}

TEST_CASE("a body that breaks off while it is read says so") {
  struct Changing final : format::ByteSource {
    explicit Changing(std::shared_ptr<std::string> held) : bytes(std::move(held)) {}
    Result<std::uint64_t> size() const override { return std::uint64_t{bytes->size()}; }
    Result<std::size_t> read_at(std::uint64_t offset, Bytes into) const override {
      const std::string_view there = std::string_view(*bytes).substr(std::min<std::size_t>(offset, bytes->size()));
      const std::size_t n = std::min(there.size(), into.size());
      std::copy_n(reinterpret_cast<const std::byte*>(there.data()), n, into.data());
      return n;
    }
    std::shared_ptr<std::string> bytes;  // owners: this, the test
  };
  const auto tape = std::make_shared<std::string>(tape_of({download(random_bytes(600'000))}));
  format::ReadOptions options;
  options.bodies.large = kParts;
  auto reader = format::TapeReader::open(std::make_unique<Changing>(tape), options);
  REQUIRE(reader.has_value());
  const auto found = reader->find_stored("0");
  REQUIRE(found.has_value());
  (*tape)[blob_at(*tape, 1).payload] ^= 1;
  const auto read =
      reader->read_body(found->left_of(http::Side::response), [](std::string_view) { return Result<void>(); });
  REQUIRE(read.has_error());
  CHECK(read.error().code == format::errc::damaged);
}

TEST_CASE("bytes of bodies that no row speaks of are counted, and are no damage; a copy is without them") {
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  const http::Exchange film = download("");
  const auto dropped = writer->begin_body();
  const auto kept = writer->begin_body();
  for (const auto& [body, size] : {std::pair{dropped, 600'000u}, std::pair{kept, 300'000u}}) {
    auto part = format::part_of(film, http::Side::response, random_bytes(size));
    REQUIRE(writer->append_body(body, std::move(part), kNow).has_value());
  }
  writer->forget_body(dropped);
  REQUIRE(writer->append(film, kNow, {0, kept}).has_value());
  REQUIRE(writer->seal(kNow).has_value());
  auto reader = open_bytes(*bytes);
  const auto report = reader.verify();
  CHECK(report->incomplete_bytes == 600'000);
  CHECK(report->intact());
  CHECK(report->sentence().find("585.9 KiB of bodies that no exchange speaks of") != std::string::npos);
  const Copy copied = check_copy_is_the_same(*bytes);
  CHECK(copied.result.damage.incomplete_bytes == 600'000);
  CHECK(open_bytes(copied.bytes).verify()->incomplete_bytes == 0);
}

TEST_CASE("of a part of the time nobody can say what bodies are spoken of in the rest") {
  const std::string tape = tape_of({download(random_bytes(600'000)), download("small", 5)});
  auto reader = open_bytes(tape);
  format::CopyOptions options;
  options.range.from = kNow + std::chrono::milliseconds(3);
  auto writer =
      format::TapeWriter::create(std::make_unique<MemorySink>(std::make_shared<std::string>()), small_chunks(), kNow);
  const auto copied = format::copy_tape(reader, *writer, options, kNow);
  REQUIRE(copied.has_value());
  CHECK(copied->written == 1);
  CHECK(copied->damage.incomplete_bytes == 0);
}
