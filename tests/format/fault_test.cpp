// One fault at every byte of a small tape: no wrong row, and the loss is exact or said to be unknown.
#include <doctest/doctest.h>

#include "format/copy_tape.hpp"
#include "format/format_error.hpp"
#include "format/record.hpp"
#include "tests/format/fault_checks.hpp"
#include "tests/format/tape_fixture.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

/// Records of another tape, byte for byte: what a body may hold.
std::string a_record() {
  format::RecordHeader header;
  header.type = format::RecordType::chunk;
  header.segment = {kRecording, 0};
  header.record_no = 2;
  return format::encode_header(header, std::string(48, 'b'));
}

http::Exchange small_exchange(int n) {
  http::Exchange e;
  auto connection = std::make_shared<http::Connection>();
  connection->number = static_cast<std::uint64_t>(n / 2 + 1);
  connection->client = *http::parse_socket_address("192.0.2.1:4000");
  e.connection = std::move(connection);
  e.request.head = "POST /orders/" + std::to_string(n) + " HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  e.request.first = kNow + std::chrono::milliseconds(n);
  e.request.last = e.response.first = e.response.last = e.request.first + std::chrono::milliseconds(1);
  e.request.body.state = http::BodyState::kept;
  e.request.body.bytes = n == 2 ? a_record() : "id=" + std::to_string(n);
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  e.response.body = {http::BodyState::kept, "answer " + std::to_string(n), {}, {}, {}};
  e.response.trailers = n == 1 ? "X-Sum: 1\r\n" : "";
  return e;
}

/// Whether exchanges share header values and bodies, so that later chunks refer to earlier ones; or stand in two rows.
enum class Links : std::uint8_t { none, some, two_rows };

http::Exchange linked_exchange(int n) {
  http::Exchange e = small_exchange(n);
  e.request.head.insert(e.request.head.size() - 2, "Cookie: session=" + std::string(40, 's') + "\r\n");
  if (n % 3 != 1) e.response.body.bytes = std::string(300, 'r');
  return e;
}

/// Eight exchanges, two of three in two rows; the request bodies of some in parts.
WrittenTape two_row_tape() {
  WrittenTape tape;
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  std::map<int, format::StreamedBodies> open;
  for (int n = 0; n < 10; ++n) {
    const Time now = kNow + std::chrono::seconds(n);
    if (const auto begun = open.find(n - 2); begun != open.end()) {
      const http::Exchange& e = tape.exchanges[static_cast<std::size_t>(n - 2)];
      REQUIRE(writer->complete(e.id, e, now, begun->second).has_value());
    }
    if (n >= 8) continue;
    http::Exchange e = small_exchange(n);
    if (n % 3 != 0) {
      if (n % 2 == 0) {
        open[n].request = writer->begin_body();
        format::BodyPart part;
        part.bytes = e.request.body.bytes;
        REQUIRE(writer->append_body(open[n].request, std::move(part), now).has_value());
      }
      open.try_emplace(n);
      e.id = *writer->open(e, now, open[n]);
    } else {
      e.id = *writer->append(e, now);
    }
    tape.exchanges.push_back(e);
    if (n % 2 == 1) REQUIRE(writer->tick(now, e.request.first).has_value());
  }
  REQUIRE(writer->seal(kNow).has_value());
  tape.bytes = *bytes;
  return tape;
}

/// Eight exchanges in four chunks, one of them escaped.
WrittenTape small_tape(Links links = Links::none) {
  if (links == Links::two_rows) return two_row_tape();
  WrittenTape tape;
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  for (int n = 0; n < 8; ++n) {
    http::Exchange e = links == Links::some ? linked_exchange(n) : small_exchange(n);
    e.id = *writer->append(e, kNow);
    tape.exchanges.push_back(e);
    if (n % 2 == 1) REQUIRE(writer->tick(kNow + std::chrono::seconds(n), e.request.first).has_value());
  }
  REQUIRE(writer->seal(kNow).has_value());
  tape.bytes = *bytes;
  return tape;
}

void check_fault(const std::string& bytes, const WrittenTape& tape) {
  auto reader = format::TapeReader::open(format::memory_source(bytes));
  if (!reader) {
    REQUIRE(reader.error().code == format::errc::not_a_tape);
    REQUIRE(bytes.size() < 200);  // the first record itself is cut
    return;
  }
  const std::vector<http::Exchange> rows = read_all(*reader);
  check_rows(rows, reader->damage(), tape);
  const auto verified = reader->verify();
  REQUIRE(verified.has_value());
  check_rows(rows, *verified, tape);
}

template <class Break>
void at_every_byte(Break damage) {
  for (const Links links : {Links::none, Links::some, Links::two_rows}) {
    const WrittenTape tape = small_tape(links);
    for (std::size_t at = 0; at < tape.bytes.size(); ++at) {
      CAPTURE(at);
      std::string bytes = tape.bytes;
      damage(bytes, at);
      if (bytes != tape.bytes) check_fault(bytes, tape);
    }
  }
}

}  // namespace

TEST_CASE("the small tape of these tests is intact, and holds an escaped record") {
  const WrittenTape tape = small_tape();
  MESSAGE("bytes: " << tape.bytes.size());
  auto reader = open_bytes(tape.bytes);
  check_equal(read_all(reader), tape.exchanges);
  const auto report = reader.verify();
  CHECK(report->intact());
  CHECK(report->records == 8);  // FILE_HEADER, four CHUNKs, INDEX, SUMMARY, FOOTER
}

TEST_CASE("the one with exchanges in two rows is intact, too") {
  const WrittenTape tape = small_tape(Links::two_rows);
  auto reader = open_bytes(tape.bytes);
  check_equal(read_all(reader), tape.exchanges);
  CHECK(reader.verify()->intact());
}

TEST_CASE("a tape cut at any byte") {
  at_every_byte([](std::string& bytes, std::size_t at) { bytes.resize(at); });
}

TEST_CASE("a bit flipped in any byte") {
  at_every_byte([](std::string& bytes, std::size_t at) { bytes[at] = static_cast<char>(bytes[at] ^ 1 << at % 8); });
}

TEST_CASE("any byte zeroed, and all of a stretch of 100") {
  at_every_byte([](std::string& bytes, std::size_t at) { bytes[at] = '\0'; });
  at_every_byte([](std::string& bytes, std::size_t at) {
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    std::fill(begin, begin + static_cast<std::ptrdiff_t>(std::min<std::size_t>(100, bytes.size() - at)), '\0');
  });
}

TEST_CASE("any byte deleted") {
  at_every_byte([](std::string& bytes, std::size_t at) { bytes.erase(at, 1); });
}

TEST_CASE("a byte inserted before any byte") {
  at_every_byte([](std::string& bytes, std::size_t at) { bytes.insert(at, 1, 'x'); });
}

TEST_CASE("a damaged record costs its own exchanges only") {
  const WrittenTape tape = small_tape();
  std::string bytes = tape.bytes;
  const std::size_t second = format::find_sync(bytes, format::find_sync(bytes, 1) + 1);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(second), 64, '\0');
  auto reader = open_bytes(bytes);
  const auto report = reader.verify();
  CHECK(report->kept == 6);
  CHECK(report->lost == 2);
  CHECK(report->missing == 1);
  CHECK_FALSE(report->tail_unknown);
}

TEST_CASE("a damaged tape recovers into an intact one with the same ids") {
  const WrittenTape tape = small_tape();
  std::string bytes = tape.bytes;
  bytes.resize(bytes.size() * 2 / 3);
  auto reader = open_bytes(bytes);
  const std::vector<http::Exchange> rows = read_all(reader);
  REQUIRE(!rows.empty());
  format::TapeOptions options = small_chunks();
  options.recording = http::RecordingId{9};
  options.sorted = true;
  const auto out = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(out), options, kNow);
  const auto copied = format::copy_tape(reader, *writer, {}, kNow);
  REQUIRE(copied.has_value());
  CHECK(copied->damage.tail_unknown);
  CHECK(copied->written == rows.size());
  auto recovered = open_bytes(*out);
  check_equal(read_all(recovered), rows);
  CHECK(recovered.verify()->intact());
  CHECK(recovered.summary()->losses.contains("inherited"));
}

TEST_CASE("a sink that fails at any byte leaves all that was acknowledged") {
  const std::size_t size = small_tape().bytes.size();
  for (const auto death : {FaultySink::Death::full_disk, FaultySink::Death::io_error, FaultySink::Death::killed}) {
    for (std::size_t limit = 200; limit < size; limit += 13) {
      CAPTURE(limit);
      const auto bytes = std::make_shared<std::string>();
      auto writer = format::TapeWriter::create(std::make_unique<FaultySink>(bytes, limit, death), small_chunks(), kNow);
      REQUIRE(writer.has_value());
      std::uint64_t acknowledged = 0;
      for (int n = 0; n < 8; ++n) {
        if (!writer->append(small_exchange(n), kNow)) break;
        if (n % 2 == 1) (void)writer->tick(kNow + std::chrono::seconds(n), kNow);
        acknowledged = writer->acknowledged().written;
      }
      CHECK_FALSE(writer->seal(kNow).has_value());
      auto reader = open_bytes(*bytes);
      CHECK(read_all(reader).size() >= acknowledged);
      CHECK(reader.damage().tail_unknown);
      if (death != FaultySink::Death::killed) CHECK(reader.damage().damaged.empty());
    }
  }
}

TEST_CASE("after a full disk the next segment goes on, and tells what was lost") {
  const auto first = std::make_shared<std::string>();
  const auto second = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<FaultySink>(first, 900), small_chunks(), kNow);
  std::uint64_t taken = 0;
  for (int n = 0; n < 8; ++n) {
    if (writer->append(small_exchange(n), kNow)) ++taken;
    if (n % 2 == 1) (void)writer->tick(kNow + std::chrono::seconds(n), kNow);
  }
  const std::uint64_t acknowledged = writer->acknowledged().written;
  REQUIRE(acknowledged < taken);
  REQUIRE(writer->next_segment(std::make_unique<MemorySink>(second), kNow).has_value());
  CHECK(writer->lost() == taken - acknowledged);
  for (int n = 8; n < 11; ++n) REQUIRE(writer->append(small_exchange(n), kNow).has_value());
  REQUIRE(writer->seal(kNow).has_value());
  auto reader = open_bytes(*first + *second);
  CHECK(read_all(reader).size() == acknowledged + 3);
  CHECK(reader.damage().lost == taken - acknowledged);
  CHECK_FALSE(reader.damage().tail_unknown);
  CHECK(reader.summary()->losses.at("disk_full").exchanges == taken - acknowledged);
}
