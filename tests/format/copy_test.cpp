// Copies of tapes: what filter, merge and recover write.
#include <doctest/doctest.h>

#include "format/copy_tape.hpp"
#include "format/record.hpp"
#include "tests/format/tape_fixture.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

format::TapeOptions recording(std::uint8_t first) {
  format::TapeOptions options = small_chunks();
  options.recording = http::RecordingId{first};
  return options;
}

struct Copy {
  std::string bytes;
  format::CopyResult result;
};

Copy copy(const std::string& bytes, const format::CopyOptions& options = {}) {
  auto reader = open_bytes(bytes);
  const auto out = std::make_shared<std::string>();
  format::TapeOptions sorted = recording(200);
  sorted.sorted = true;
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(out), sorted, kNow);
  auto copied = format::copy_tape(reader, *writer, options, kNow);
  REQUIRE(copied.has_value());
  check_zstd(*out);
  return {*out, std::move(*copied)};
}

/// What a copy is to hold: connections may have other numbers.
void check_copied(const std::string& bytes, std::vector<http::Exchange> expected) {
  auto reader = open_bytes(bytes);
  std::vector<http::Exchange> rows = read_all(reader);
  CHECK(reader.verify()->intact());
  const auto settle = [](std::vector<http::Exchange>& exchanges) {
    for (http::Exchange& e : exchanges) {
      e.flags.clear(http::Flag::late_row);
      if (!e.connection) continue;
      auto connection = std::make_shared<http::Connection>(*e.connection);
      connection->number = 0;
      e.connection = std::move(connection);
    }
  };
  settle(rows);
  settle(expected);
  check_equal(rows, expected);
}

std::vector<http::Exchange> joined(std::initializer_list<const WrittenTape*> tapes) {
  std::vector<http::Exchange> all;
  for (const WrittenTape* tape : tapes) all.insert(all.end(), tape->exchanges.begin(), tape->exchanges.end());
  return in_time_order(std::move(all));
}

/// Zeroes the header of the n-th chunk.
void destroy_chunk(std::string& bytes, int n) {
  for (std::size_t at = 0; at < bytes.size(); at = format::find_sync(bytes, at + 1)) {
    if (bytes[at + 14] == static_cast<char>(format::RecordType::chunk) && n-- == 0) {
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 64, '\0');
      return;
    }
  }
  FAIL("no such chunk");
}

}  // namespace

TEST_CASE("a copy of all holds all, in time order, with ids and bodies; a copy of the copy, too") {
  const WrittenTape tape = write_tape(ExchangeGenerator(21), 150, recording(1));
  const Copy once = copy(tape.bytes);
  CHECK(once.result.written == 150);
  check_copied(once.bytes, in_time_order(tape.exchanges));
  check_copied(copy(once.bytes).bytes, in_time_order(tape.exchanges));
}

TEST_CASE("a copy of several tapes is their union, sorted by time") {
  const WrittenTape a = write_tape(ExchangeGenerator(22), 90, recording(1));
  const WrittenTape b = write_tape(ExchangeGenerator(23), 70, recording(2));
  const WrittenTape c = write_tape(ExchangeGenerator(24), 5, recording(3));
  check_copied(copy(a.bytes + b.bytes + c.bytes).bytes, joined({&a, &b, &c}));
}

TEST_CASE("a copy of an unsealed and a damaged tape holds what both still have, and its notes say what is lost") {
  const WrittenTape unsealed = write_tape(ExchangeGenerator(25), 60, recording(1), Sealed::no);
  WrittenTape damaged = write_tape(ExchangeGenerator(26), 60, recording(2));
  destroy_chunk(damaged.bytes, 1);
  const std::string bytes = unsealed.bytes + damaged.bytes;
  auto reader = open_bytes(bytes);
  const std::vector<http::Exchange> rows = read_all(reader);
  REQUIRE(reader.damage().lost > 0);
  const Copy copied = copy(bytes);
  check_copied(copied.bytes, rows);
  CHECK(copied.result.damage.tail_unknown);
  CHECK(copied.result.damage.lost == reader.damage().lost);
  CHECK(open_bytes(copied.bytes).summary()->losses.at("inherited").exchanges == reader.damage().lost);
}

TEST_CASE("a tape that stands there twice counts once") {
  const WrittenTape tape = write_tape(ExchangeGenerator(27), 60, recording(1));
  const WrittenTape other = write_tape(ExchangeGenerator(28), 20, recording(2));
  const Copy copied = copy(tape.bytes + other.bytes + tape.bytes);
  check_copied(copied.bytes, joined({&tape, &other}));
  CHECK(copied.result.damage.stale > 0);
  CHECK(copied.result.damage.intact());
}

TEST_CASE("a torn copy of a tape is completed by a whole one, and what stands between is not left over") {
  const WrittenTape tape = write_tape(ExchangeGenerator(29), 200, recording(1));
  const WrittenTape other = write_tape(ExchangeGenerator(30), 20, recording(2));
  const Copy copied = copy(tape.bytes.substr(0, tape.bytes.size() / 2) + other.bytes + tape.bytes);
  check_copied(copied.bytes, joined({&tape, &other}));
  CHECK(copied.result.damage.lost == 0);
  CHECK_FALSE(copied.result.damage.tail_unknown);
}

TEST_CASE("of two copies that are damaged in different places, each gives what the other lacks") {
  const WrittenTape tape = write_tape(ExchangeGenerator(35), 300, recording(1));
  std::string first = tape.bytes;
  std::string second = tape.bytes;
  destroy_chunk(first, 1);
  first.resize(first.size() - 3000);
  second[second.size() / 3] = static_cast<char>(second[second.size() / 3] ^ 4);
  destroy_chunk(second, 0);
  const Copy copied = copy(first + second);
  check_copied(copied.bytes, in_time_order(tape.exchanges));
  CHECK(copied.result.damage.lost == 0);
  CHECK(copied.result.damage.missing == 0);
  CHECK(copied.result.damage.degraded.empty());
}

TEST_CASE("a copy of a part of the time counts what that part lacks") {
  WrittenTape tape = write_tape(ExchangeGenerator(31), 400, recording(1));
  const std::vector<http::Exchange> sorted = in_time_order(tape.exchanges);
  format::CopyOptions options;
  options.range = {first_byte(sorted[100]), first_byte(sorted[200])};
  const Copy whole = copy(tape.bytes, options);
  CHECK(whole.result.written == 100);
  CHECK(whole.result.damage.kept == 100);
  CHECK(whole.result.damage.intact());
  destroy_chunk(tape.bytes, 1);
  auto reader = open_bytes(tape.bytes);
  (void)read_all(reader);
  const Copy damaged = copy(tape.bytes, options);
  CHECK(damaged.result.damage.kept == damaged.result.written);
  CHECK(damaged.result.damage.lost == reader.damage().lost);  // nobody knows when what lacks began
}

TEST_CASE("many recordings become one") {
  std::string bytes;
  std::vector<http::Exchange> all;
  for (unsigned n = 0; n < 300; ++n) {
    format::TapeOptions options = small_chunks();
    options.recording = http::RecordingId{1, static_cast<std::uint8_t>(n / 256), static_cast<std::uint8_t>(n % 256)};
    const WrittenTape tape = write_tape(ExchangeGenerator(1000 + n), 3, options);
    bytes += tape.bytes;
    all.insert(all.end(), tape.exchanges.begin(), tape.exchanges.end());
  }
  check_copied(copy(bytes).bytes, in_time_order(std::move(all)));
}

TEST_CASE("a copy that is stopped early is sealed, and says so") {
  const WrittenTape tape = write_tape(ExchangeGenerator(33), 50, recording(1));
  std::stop_source stop;
  format::CopyOptions options;
  options.stop = stop.get_token();
  int seen = 0;
  options.keep = [&](const http::Exchange&) {
    if (++seen == 20) stop.request_stop();
    return true;
  };
  const Copy copied = copy(tape.bytes, options);
  CHECK(copied.result.stopped);
  CHECK(copied.result.written == 20);
  auto reader = open_bytes(copied.bytes);
  CHECK(read_all(reader).size() == 20);
  CHECK(reader.damage().sealed());
}

TEST_CASE("a copy onto a disk that fails says so at once, and what it wrote until then reads") {
  const WrittenTape tape = write_tape(ExchangeGenerator(36), 120, recording(1));
  for (const auto death : {FaultySink::Death::full_disk, FaultySink::Death::io_error}) {
    for (std::uint64_t limit = 300; limit < tape.bytes.size() * 3 / 4; limit += tape.bytes.size() / 9) {
      CAPTURE(limit);
      auto reader = open_bytes(tape.bytes);
      const auto out = std::make_shared<std::string>();
      format::TapeOptions sorted = recording(200);
      sorted.sorted = true;
      auto writer = format::TapeWriter::create(std::make_unique<FaultySink>(out, limit, death), sorted, kNow);
      REQUIRE(writer.has_value());
      const auto copied = format::copy_tape(reader, *writer, {}, kNow);
      REQUIRE(copied.has_error());
      auto partial = open_bytes(*out);
      const auto rows = read_all(partial);
      CHECK(rows.size() == writer->acknowledged().written);
      CHECK(partial.damage().damaged.empty());
    }
  }
}

TEST_CASE("a copy begins with a note of what made it") {
  const WrittenTape tape = write_tape(ExchangeGenerator(34), 5, recording(1));
  format::CopyOptions options;
  options.first_note = R"({"tool":"tapedeck","command":"filter"})";
  CHECK(open_bytes(copy(tape.bytes, options).bytes).summary()->recording_note == options.first_note);
}
