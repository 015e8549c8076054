// Segments, recordings, ranges, ids, summaries.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/json_writer.hpp"
#include "format/copy_tape.hpp"
#include "format/exchange_json.hpp"
#include "format/format_error.hpp"
#include "tests/format/tape_fixture.hpp"
#include "tests/support/temp_directory.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
namespace fs = std::filesystem;

namespace {

void write_file(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

format::TapeOptions other_recording(std::uint8_t first) {
  format::TapeOptions options = small_chunks();
  options.recording = http::RecordingId{first, 1};
  return options;
}

std::vector<http::Exchange> operator+(std::vector<http::Exchange> a, const std::vector<http::Exchange>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Three segments of one recording.
struct Rotated {
  std::vector<std::string> segments;
  std::vector<http::Exchange> exchanges;
};
Rotated write_rotated() {
  Rotated tape;
  ExchangeGenerator generator(7);
  std::vector<std::shared_ptr<std::string>> files{std::make_shared<std::string>()};
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(files.back()), small_chunks(), kNow);
  for (int n = 0; n < 90; ++n) {
    if (n == 30 || n == 60) {
      files.push_back(std::make_shared<std::string>());
      REQUIRE(writer->next_segment(std::make_unique<MemorySink>(files.back()), kNow).has_value());
    }
    http::Exchange e = generator.next();
    e.id = *writer->append(e, kNow);
    tape.exchanges.push_back(std::move(e));
    REQUIRE(writer->tick(generator.watermark(), generator.watermark()).has_value());
  }
  const auto totals = writer->seal(kNow);
  std::uint64_t bytes = 0;
  for (const auto& file : files) {
    tape.segments.push_back(*file);
    bytes += file->size();
  }
  CHECK(totals->exchanges == 90);
  CHECK(totals->bytes == bytes);
  return tape;
}

}  // namespace

TEST_CASE("any number of workers writes the same bytes") {
  const std::string expected = write_tape(ExchangeGenerator(5), 150, small_chunks(0)).bytes;
  for (unsigned workers = 1; workers <= 4; ++workers) {
    CAPTURE(workers);
    CHECK(write_tape(ExchangeGenerator(5), 150, small_chunks(workers)).bytes == expected);
  }
}

TEST_CASE("segments end to end are one recording, in any order") {
  const Rotated tape = write_rotated();
  auto reader = open_bytes(tape.segments[0] + tape.segments[1] + tape.segments[2]);
  check_equal(read_all(reader), in_time_order(tape.exchanges));
  CHECK(reader.damage().intact());
  auto reversed = open_bytes(tape.segments[2] + tape.segments[0] + tape.segments[1]);
  check_equal(read_all(reversed), in_time_order(tape.exchanges));
}

TEST_CASE("a missing segment is an exact loss") {
  const Rotated tape = write_rotated();
  auto reader = open_bytes(tape.segments[0] + tape.segments[2]);
  CHECK(read_all(reader).size() == 60);
  CHECK(reader.damage().lost == 30);
}

TEST_CASE("later segments alone are whole in themselves") {
  const Rotated tape = write_rotated();
  auto reader = open_bytes(tape.segments[1] + tape.segments[2]);
  CHECK(read_all(reader).size() == 60);
  CHECK(reader.damage().intact());
}

TEST_CASE("a segment that occurs twice counts once") {
  const Rotated tape = write_rotated();
  auto reader = open_bytes(tape.segments[0] + tape.segments[1] + tape.segments[0] + tape.segments[2]);
  check_equal(read_all(reader), in_time_order(tape.exchanges));
  CHECK(reader.damage().stale > 0);
  CHECK(reader.damage().intact());
}

TEST_CASE("tapes end to end are merged by time") {
  const WrittenTape a = write_tape(ExchangeGenerator(11), 80, other_recording(1));
  const WrittenTape b = write_tape(ExchangeGenerator(12), 80, other_recording(2), Sealed::no);
  for (const std::string& bytes : {a.bytes + b.bytes, b.bytes + a.bytes}) {
    auto reader = open_bytes(bytes);
    const std::vector<http::Exchange> rows = read_all(reader);
    CHECK(rows.size() >= 80);
    CHECK(std::is_sorted(rows.begin(), rows.end(), [](const http::Exchange& x, const http::Exchange& y) {
      return first_byte(x) < first_byte(y);
    }));
    CHECK(reader.damage().tail_unknown);  // b is not sealed
    CHECK(reader.damage().lost == 0);
  }
  const WrittenTape c = write_tape(ExchangeGenerator(12), 80, other_recording(2));
  auto reader = open_bytes(a.bytes + c.bytes);
  check_equal(read_all(reader), in_time_order(a.exchanges + c.exchanges));
}

TEST_CASE("a time range gives what a filter on the times gives") {
  const WrittenTape tape = write_tape(ExchangeGenerator(21), 200, small_chunks());
  const std::vector<http::Exchange> sorted = in_time_order(tape.exchanges);
  const Time from = first_byte(sorted[60]);
  const Time to = first_byte(sorted[140]);
  std::vector<http::Exchange> expected;
  for (const http::Exchange& e : sorted) {
    if (first_byte(e) >= from && first_byte(e) < to) expected.push_back(e);
  }
  auto reader = open_bytes(tape.bytes);
  check_equal(read_all(reader, {from, to}), expected);
  CHECK(read_all(reader, {sorted.back().request.first + std::chrono::hours(1), {}}).empty());
}

TEST_CASE("rows that break the watermark's promise come at once, flagged") {
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  ExchangeGenerator generator(1);
  http::Exchange e = generator.next();
  REQUIRE(writer->append(e, kNow).has_value());
  REQUIRE(writer->tick(kNow + std::chrono::seconds(2), first_byte(e) + std::chrono::seconds(60)).has_value());
  REQUIRE(writer->append(e, kNow).has_value());
  REQUIRE(writer->seal(kNow).has_value());
  auto reader = open_bytes(*bytes);
  const std::vector<http::Exchange> rows = read_all(reader);
  CHECK_FALSE(rows[0].flags.has(http::Flag::late_row));
  CHECK(rows[1].flags.has(http::Flag::late_row));
}

TEST_CASE("without bodies their lengths are known") {
  const WrittenTape tape = write_tape(ExchangeGenerator(3), 100, small_chunks());
  auto reader = open_bytes(tape.bytes);
  const std::vector<http::Exchange> rows = read_all(reader, {}, format::Bodies::skip);
  const std::vector<http::Exchange> sorted = in_time_order(tape.exchanges);
  REQUIRE(rows.size() == sorted.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].response.body.bytes.empty());
    CHECK(rows[i].response.body.state == sorted[i].response.body.state);
    if (sorted[i].response.body.state != http::BodyState::kept) continue;
    const auto expected = sorted[i].response.body.wire_length.value_or(sorted[i].response.body.bytes.size());
    CHECK(rows[i].response.body.wire_length == expected);
  }
}

TEST_CASE("an exchange is found by its id, and by its ordinal in a tape of one recording") {
  const WrittenTape tape = write_tape(ExchangeGenerator(4), 120, small_chunks());
  auto reader = open_bytes(tape.bytes);
  CHECK(equal(*reader.find("3f9c0a1b-77"), tape.exchanges[77]));
  CHECK(equal(*reader.find("5"), tape.exchanges[5]));
  for (const char* id : {"3f9c0a1b-120", "00000000-5", "x", "", "3f9c0a1b-", "-5", "5x"}) {
    CAPTURE(id);
    const auto found = reader.find(id);
    REQUIRE(found.has_error());
    CHECK(found.error().code == format::errc::not_found);
  }
}

TEST_CASE("a filtered copy keeps ids and bodies, and is found by them") {
  const WrittenTape tape = write_tape(ExchangeGenerator(8), 120, small_chunks());
  auto reader = open_bytes(tape.bytes);
  const auto out = std::make_shared<std::string>();
  format::TapeOptions options = other_recording(9);
  options.sorted = true;
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(out), options, kNow);
  const auto is_even = [](const http::Exchange& e) { return e.id.ordinal % 2 == 0; };
  format::CopyOptions choice;
  choice.keep = is_even;
  const auto copied = format::copy_tape(reader, *writer, choice, kNow);
  CHECK(copied->written == 60);
  std::vector<http::Exchange> expected;
  for (const http::Exchange& e : in_time_order(tape.exchanges)) {
    if (is_even(e)) expected.push_back(e);
  }
  auto copy = open_bytes(*out);
  check_equal(read_all(copy), expected);
  CHECK(equal(*copy.find("3f9c0a1b-42"), tape.exchanges[42]));
  CHECK(equal(*copy.find("42"), tape.exchanges[42]));
  CHECK(copy.find("3f9c0a1b-43").has_error());
}

TEST_CASE("a merged copy keeps connections of different recordings apart") {
  const WrittenTape a = write_tape(ExchangeGenerator(11), 40, other_recording(1));
  const WrittenTape b = write_tape(ExchangeGenerator(11), 40, other_recording(2));
  auto reader = open_bytes(a.bytes + b.bytes);
  const auto out = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(out), other_recording(9), kNow);
  REQUIRE(format::copy_tape(reader, *writer, {}, kNow).has_value());
  auto copy = open_bytes(*out);
  std::map<std::uint64_t, http::RecordingId> owner;
  for (const http::Exchange& e : read_all(copy)) {
    if (!e.connection) continue;
    CHECK(owner.try_emplace(e.connection->number, e.id.recording).first->second == e.id.recording);
  }
}

TEST_CASE("the summary by footers equals the one by rows") {
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  format::Note first;
  first.json = R"({"tool":"test"})";
  REQUIRE(writer->note(first, kNow).has_value());
  ExchangeGenerator generator(31);
  for (int n = 0; n < 100; ++n) REQUIRE(writer->append(generator.next(), kNow).has_value());
  format::Note loss;
  loss.reason = http::Reason::queue_full;
  loss.level = format::NoteLevel::loss;
  loss.exchanges = 3;
  REQUIRE(writer->note(loss, kNow).has_value());
  loss.exchanges = 4;
  loss.bytes = 50;
  REQUIRE(writer->note(loss, kNow).has_value());
  REQUIRE(writer->tick(kNow + std::chrono::seconds(5), kNow).has_value());
  const std::string unsealed = *bytes;
  REQUIRE(writer->seal(kNow).has_value());
  auto by_rows = open_bytes(unsealed).summary();
  auto by_footers = open_bytes(*bytes).summary();
  REQUIRE(by_rows.has_value());
  REQUIRE(by_footers.has_value());
  CHECK(by_footers->sealed == 1);
  CHECK(by_rows->sealed == 0);
  CHECK(by_footers->exchanges == 100);
  CHECK(by_footers->losses.at("queue_full").exchanges == 7);
  CHECK(by_footers->recording_note == R"({"tool":"test"})");
  CHECK(by_rows->recording_note == by_footers->recording_note);
  by_rows->sealed = 1;
  by_rows->bytes = by_footers->bytes;
  CHECK(by_rows->to_json() == by_footers->to_json());
}

TEST_CASE("a sealed tape is a legal zstd stream") {
  if (std::system("zstd --version >/dev/null 2>&1") != 0) {
    MESSAGE("skipped: no zstd tool here");
    return;
  }
  const TempDirectory dir;
  const std::string inner = write_tape(ExchangeGenerator(1), 5, small_chunks()).bytes;
  const WrittenTape a = write_tape(ExchangeGenerator(2, inner), 60, small_chunks());
  write_file(dir / "a.tape", a.bytes + write_tape(ExchangeGenerator(3), 60, other_recording(4)).bytes);
  CHECK(std::system(("zstd -q -t '" + (dir / "a.tape").string() + "'").c_str()) == 0);
}

TEST_CASE("what is no tape is refused, and the message says what to do") {
  const auto open_error = [](std::string bytes) {
    return format::TapeReader::open(format::memory_source(bytes)).error();
  };
  CHECK(open_error("").code == format::errc::not_a_tape);
  CHECK(open_error("").message.find("empty") != std::string::npos);
  CHECK(open_error("GET / HTTP/1.1\r\n\r\n").message.find("not a tape (no record found)") != std::string::npos);
  CHECK(open_error(std::string(3 << 20, 'W')).code == format::errc::not_a_tape);
  CHECK(format::TapeReader::open(fs::path("/nonexistent/x.tape")).error().message.find("/nonexistent/x.tape") !=
        std::string::npos);
}

TEST_CASE("a tape of a newer version is refused by name") {
  std::string bytes = write_tape(ExchangeGenerator(1), 3, small_chunks()).bytes;
  bytes[12] = 2;
  const std::string hashed = bytes.substr(0, 56) + bytes.substr(64, 48);
  const XXH64_hash_t hash = XXH3_64bits(hashed.data(), hashed.size());
  std::memcpy(bytes.data() + 56, &hash, sizeof hash);
  const auto opened = format::TapeReader::open(format::memory_source(bytes));
  REQUIRE(opened.has_error());
  CHECK(opened.error().code == format::errc::newer_version);
}

TEST_CASE("a file, a directory and a pipe are read alike") {
  const TempDirectory dir;
  const Rotated tape = write_rotated();
  for (std::size_t i = 0; i < 3; ++i) write_file(dir / ("0" + std::to_string(i) + ".tape"), tape.segments[i]);
  write_file(dir / "notes.txt", "not a tape");
  auto directory = format::TapeReader::open(dir.path());
  REQUIRE(directory.has_value());
  check_equal(read_all(*directory), in_time_order(tape.exchanges));

  const std::string small = write_tape(ExchangeGenerator(2), 2, small_chunks()).bytes;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(small.size() < 60'000);
  REQUIRE(::write(ends[1], small.data(), small.size()) == static_cast<ssize_t>(small.size()));
  ::close(ends[1]);
  auto piped = format::TapeReader::open(fs::path("/dev/fd/" + std::to_string(ends[0])));
  ::close(ends[0]);
  REQUIRE(piped.has_value());
  CHECK(read_all(*piped).size() == 2);
}

TEST_CASE("a tape file is private, and never overwritten unless forced") {
  const TempDirectory dir;
  const fs::path path = dir / "x.tape";
  {
    auto sink = format::create_file_sink(path, format::Overwrite::refuse);
    REQUIRE(sink.has_value());
    auto writer = format::TapeWriter::create(std::move(*sink), small_chunks(1), kNow);
    REQUIRE(writer.has_value());
    ExchangeGenerator generator(1);
    for (int n = 0; n < 20; ++n) REQUIRE(writer->append(generator.next(), kNow).has_value());
    REQUIRE(writer->seal(kNow).has_value());
    CHECK(writer->acknowledged().synced == 20);
    CHECK(writer->segment_bytes() == fs::file_size(path));
  }
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  const auto refused = format::create_file_sink(path, format::Overwrite::refuse);
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("--force") != std::string::npos);
  CHECK(fs::file_size(path) > 0);
  CHECK(format::create_file_sink(path, format::Overwrite::force).has_value());
  CHECK(fs::file_size(path) == 0);
}

TEST_CASE("an exchange as JSON: the fields of list --json, in their order") {
  http::Exchange e;
  e.id = {kRecording, 1742};
  auto connection = std::make_shared<http::Connection>();
  connection->number = 7;
  connection->client = *http::parse_socket_address("192.0.2.1:4000");
  e.connection = connection;
  e.sequence = 2;
  e.request.head = "POST /a?b=1 HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  e.request.first = time_from_ns(1000);
  e.request.last = time_from_ns(1100);
  e.response.first = e.response.last = time_from_ns(2500);
  e.request.body = {http::BodyState::kept, "\xFF\xFE", {}, {}, {}};
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  e.flags.set(http::Flag::malformed);
  e.rules = "bare_lf obs_fold";
  JsonWriter line;
  format::write_exchange(line, e, format::JsonDetail::line);
  CHECK(
      line.text() ==
      R"({"id":"3f9c0a1b-1742","connection":7,"sequence":2,"start_ns":1000,"duration_ns":1500,"client":"192.0.2.1:4000",)"
      R"("server":null,"version":"1.1","method":"POST","target":"/a?b=1","host":"shop.example","status":200,)"
      R"("request_body_bytes":2,"response_body_bytes":0,)"
      R"("request_body_sha256":"b3d510ef04275ca8e698e5b3cbb0ece3949ef9252f0cdc839e9ee347409a2209",)"
      R"("response_body_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
      R"("flags":["malformed"],"reason":null,"rules":["bare_lf","obs_fold"]})");
  e.status = 0;
  e.response = {};
  e.reason = http::Reason::aborted;
  JsonWriter full;
  format::write_exchange(full, e, format::JsonDetail::full);
  CHECK(full.text().find(R"("duration_ns":null)") != std::string::npos);
  CHECK(full.text().find(R"("status":null)") != std::string::npos);
  CHECK(full.text().find(R"("reason":"aborted")") != std::string::npos);
  CHECK(full.text().find(R"("request_body":{"base64":"//4="},"response_body":null})") != std::string::npos);
}
