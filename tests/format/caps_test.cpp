// A tape that declares more than a reader's caps allow, in each place where it can: it counts as damage, in one line,
// and what was declared is not allocated.
#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>

#include <doctest/doctest.h>
#include <malloc.h>

#include "format/format_error.hpp"
#include "format/segment_records.hpp"
#include "tests/format/edited_tape.hpp"
#include "tests/format/tape_fixture.hpp"

namespace {

// Bytes held by all of the program, in one thread at a time here.
std::atomic<std::size_t> held = 0;
std::atomic<std::size_t> held_at_most = 0;

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  const std::size_t now = held += malloc_usable_size(memory);
  if (now > held_at_most) held_at_most = now;
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept try { return operator new(size); } catch (...) {
  return nullptr;
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) held -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

using namespace tapedeck;
using namespace tapedeck::test;
using format::Codec;
using format::Column;
using format::RecordType;

namespace {

enum class Costs : std::uint8_t { nothing, damage, a_chunk, a_row, a_part };

struct Case {
  std::string what;
  std::string bytes;
  Costs costs;
  std::size_t memory = 8 << 20;  // below this
};

/// A few exchanges in one chunk, a body in a BLOB, all of it small.
const std::string& tape() {
  static const std::string written = [] {
    const auto bytes = std::make_shared<std::string>();
    auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
    format::Note first;
    first.json = R"({"tool":"test"})";
    REQUIRE(writer->note(first, kNow).has_value());
    auto connection = std::make_shared<http::Connection>();
    connection->number = 1;
    for (int n = 0; n < 4; ++n) {
      http::Exchange e;
      e.connection = connection;
      e.request.head = "GET / HTTP/1.1\r\nUser-Agent: long enough to be interned, all of it\r\n\r\n";
      e.request.first = e.request.last = e.response.first = e.response.last = kNow + std::chrono::milliseconds(n);
      e.status = 200;
      e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
      e.response.body = {
          http::BodyState::kept, std::string(n == 3 ? 300'000u : 500u + static_cast<unsigned>(n), 'b'), {}, {}, {}};
      e.response.trailers = "A: b\r\n";
      e.rules = "bare_lf";
      REQUIRE(writer->append(e, kNow).has_value());
    }
    REQUIRE(writer->seal(kNow).has_value());
    return *bytes;
  }();
  return written;
}

std::string edited(const std::function<void(EditedTape&)>& change) {
  EditedTape made(tape());
  change(made);
  return made.bytes();
}

std::string chunk(const std::function<void(EditedChunk&)>& change) {
  return edited([&](EditedTape& made) { made.edit_chunk(change); });
}

std::string rows(const std::function<void(std::vector<format::RowMeta>&)>& change) {
  return chunk([&](EditedChunk& c) {
    auto there = c.rows();
    change(there);
    c.set_rows(there);
  });
}

/// A u32 of the first record of a type, in its header (or body), with hashes that hold.
std::string u32(RecordType type, std::size_t at, std::uint32_t value) {
  std::string bytes = tape();
  for (const RecordPlace& place : records_of(bytes)) {
    if (place.type != type) continue;
    format::store<std::uint32_t>(bytes, place.begin + at, value);
    rehash(bytes, place);
    break;
  }
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  format::put_varint(bytes, value);
  return bytes;
}

/// A zstd frame that says what it likes: content size, window (0: a single segment); one raw block.
std::string zstd_frame(std::uint64_t content_size, std::uint8_t window, std::string_view content) {
  std::string frame;
  format::put<std::uint32_t>(frame, format::kZstdMagic);
  format::put<std::uint8_t>(frame, window == 0 ? 0xE0 : 0xC0);
  if (window != 0) format::put<std::uint8_t>(frame, window);
  format::put<std::uint64_t>(frame, content_size);
  const std::size_t block = content.size() << 3 | 1;
  for (int shift = 0; shift < 24; shift += 8) frame += static_cast<char>(block >> shift);
  return frame += content;
}

std::string meta_frame(std::uint64_t content_size, std::uint8_t window, std::uint32_t raw_len = 0) {
  return chunk([&](EditedChunk& c) {
    const std::string meta = c.column(Column::meta);
    const std::uint32_t raw = raw_len != 0 ? raw_len : static_cast<std::uint32_t>(meta.size());
    c.set_frame(1, zstd_frame(content_size != 0 ? content_size : meta.size(), window, meta), Codec::zstd, raw, 1);
  });
}

/// The first row's head made of references to a value of so many bytes; the others have none.
std::string head_of_values(std::size_t value, std::size_t references) {
  return chunk([&](EditedChunk& c) {
    auto there = c.rows();
    std::string head;
    for (std::size_t n = 0; n < references; ++n) head += varint(1) + varint(0);
    there[0].request_head_bytes = head.size();
    c.set(Column::values, varint(value) + std::string(value, 'v') + c.column(Column::values));
    for (std::size_t n = 1; n < there.size(); ++n) there[n].request_head_bytes = 0;
    c.set(Column::request_heads, head);
    c.set_rows(there);
  });
}

std::string note_json(std::size_t size) {
  return edited([&](EditedTape& made) {
    made.first(RecordType::note).payload = format::Compressor(3).compress("{" + std::string(size - 2, ' ') + "}");
  });
}

std::string set(Column id, const std::string& bytes) {
  return chunk([&](EditedChunk& c) {
    c.set_frame(static_cast<std::uint16_t>(id), format::Compressor(3).compress(bytes), Codec::zstd, bytes.size());
  });
}

std::string repeated(const std::string& piece, std::size_t size) {
  std::string all;
  while (all.size() < size) all += piece;
  return all;
}

std::vector<Case> records() {
  return {
      {"the body of a record", u32(RecordType::chunk, 40, UINT32_MAX), Costs::a_chunk},
      {"the body of a record, by its frame, too",
       [] {
         std::string bytes = u32(RecordType::chunk, 40, 1u << 30);
         for (const RecordPlace& place : records_of(tape())) {
           if (place.type == RecordType::chunk) format::store<std::uint32_t>(bytes, place.begin + 4, (1u << 30) + 56);
         }
         return bytes;
       }(),
       Costs::a_chunk},
      {"a payload", u32(RecordType::chunk, 44, UINT32_MAX), Costs::a_chunk},
      {"a payload within the cap, beyond the file", u32(RecordType::chunk, 44, format::kMaxPayload), Costs::damage},
      {"rows of a chunk", u32(RecordType::chunk, 64 + 40, format::kMaxRows + 1), Costs::a_chunk},
      {"rows of a chunk that are not there", u32(RecordType::chunk, 64 + 40, format::kMaxRows), Costs::a_chunk,
       40 << 20},
      {"columns of a chunk", u32(RecordType::chunk, 64 + 52, (format::kMaxColumns + 1u) << 16), Costs::a_chunk},
      {"columns of a chunk that are not there", u32(RecordType::chunk, 64 + 52, 64u << 16), Costs::a_chunk},
      {"chunks of an epoch", u32(RecordType::chunk, 64 + 52, format::kMaxEpochChunks | 11u << 16), Costs::a_chunk},
      {"a column, stored", u32(RecordType::chunk, 64 + 72 + 4, UINT32_MAX), Costs::a_chunk},
      {"a column, decoded", u32(RecordType::chunk, 64 + 72 + 8, format::kMaxFrame + 1), Costs::a_chunk},
      {"a part of a blob", u32(RecordType::blob, 64 + 44, format::kMaxBlobPart + 1), Costs::a_part},
      {"chunks of an INDEX", u32(RecordType::index, 64 + 4, format::kMaxEpochChunks + 1), Costs::damage},
      {"chunks of an INDEX that are not there", u32(RecordType::index, 64 + 4, format::kMaxEpochChunks),
       Costs::nothing},
      {"blobs of an INDEX", u32(RecordType::index, 64 + 8, format::kMaxEpochBlobs + 1), Costs::damage},
      {"blobs of an INDEX that are not there", u32(RecordType::index, 64 + 8, format::kMaxEpochBlobs), Costs::nothing},
      {"completions of an INDEX", u32(RecordType::index, 64 + 12, UINT32_MAX), Costs::nothing},
      {"epochs of a SUMMARY", u32(RecordType::summary, 64, UINT32_MAX), Costs::damage},
      {"epochs of a SUMMARY that are not there", u32(RecordType::summary, 64, 1u << 18), Costs::nothing},
      {"a NOTE's JSON", note_json(format::kMaxNoteJson + 1), Costs::damage},
      {"a NOTE's JSON, by far", edited([](EditedTape& made) {
         made.first(RecordType::note).payload = zstd_frame(std::uint64_t{1} << 40, 0, "{}");
       }),
       Costs::damage},
  };
}

std::vector<Case> contents() {
  const auto bodies = [](std::vector<format::RowMeta>& all) { all[0].bodies[1].length = std::uint64_t{1} << 62; };
  return {
      {"content size of a frame", meta_frame(std::uint64_t{1} << 60, 0), Costs::a_chunk},
      {"content size and length of a frame", meta_frame(format::kMaxFrame, 0, format::kMaxFrame), Costs::a_chunk,
       40 << 20},
      {"the window of a frame", meta_frame(0, 0xA8), Costs::a_chunk},
      {"the window of a frame, just", meta_frame(0, 14 << 3 | 1), Costs::a_chunk},
      {"sub-streams", chunk([](EditedChunk& c) {
         std::string meta = c.column(Column::meta);
         for (std::uint64_t id = 100; id < 165; ++id) meta += varint(id) + varint(0);
         c.set(Column::meta, meta);
       }),
       Costs::a_chunk},
      {"EXTRA of a row", rows([](auto& all) { all[0].extra_bytes = format::kMaxExtra + 1; }), Costs::a_chunk},
      {"EXT of a row", rows([](auto& all) { all[0].ext_bytes = format::kMaxExt + 1; }), Costs::a_chunk},
      {"an inline body", rows(bodies), Costs::a_chunk},
      {"a head in its column", rows([](auto& all) { all[0].request_head_bytes = UINT64_MAX; }), Costs::a_chunk},
      {"a head, decoded", head_of_values(64'000, 17), Costs::a_row},
      {"an interned value", head_of_values(format::kMaxValue + 1, 1), Costs::a_row},
  };
}

/// Small things in great number: each of these columns is some 1.5 KB on the tape.
std::vector<Case> floods() {
  return {
      {"interned values", set(Column::values, std::string(format::kMaxFrame, '\0')), Costs::nothing, 256 << 20},
      {"connections", set(Column::connections, repeated("\x01\x02", format::kMaxFrame)), Costs::nothing, 80 << 20},
  };
}

struct Reading {
  format::DamageReport report;  // of all rows
  bool damaged = false;         // a scan found records that are not good
  std::size_t read = 0;
  std::size_t memory = 0;  // held at most, beyond what was held before
};

Reading read(const std::string& bytes) {
  Reading reading;
  const std::size_t before = held;
  held_at_most = before;
  auto reader = open_bytes(bytes);
  reading.read = read_all(reader).size();
  reading.report = reader.damage();
  REQUIRE(reader.summary().has_value());
  const auto verified = reader.verify();
  REQUIRE_MESSAGE(verified.has_value(), (verified ? std::string() : verified.error().message));
  reading.memory = held_at_most - before;
  reading.damaged = !verified->damaged.empty();
  return reading;
}

void check(const Case& one) {
  CAPTURE(one.what);
  const Reading reading = read(one.bytes);
  const format::DamageReport& report = reading.report;
  CHECK(reading.memory < one.memory);
  CHECK(report.sentence().find('\n') == std::string::npos);
  CHECK((report.intact() && !reading.damaged) == (one.costs == Costs::nothing));
  CHECK(report.kept + report.lost == 4);
  CHECK(reading.read == report.kept);
  if (one.costs == Costs::damage) CHECK(reading.damaged);
  if (one.costs == Costs::a_chunk) CHECK(report.lost == 4);
  if (one.costs == Costs::a_row) CHECK(report.lost >= 1);
  if (one.costs == Costs::a_part) CHECK_FALSE(report.degraded.empty());
}

}  // namespace

TEST_CASE("the tape that is changed here is whole, and its parts are there") {
  const Reading reading = read(tape());
  CHECK(reading.report.intact());
  CHECK(reading.read == 4);
  EditedTape made(tape());
  const EditedChunk chunk(made.first(RecordType::chunk));
  for (const Column id : {Column::meta, Column::values, Column::extra, Column::ext, Column::connections}) {
    CHECK_FALSE(chunk.column(id).empty());
  }
}

TEST_CASE("records that declare more than the caps count as damage, and nothing of the size is allocated") {
  for (const Case& one : records()) check(one);
}

TEST_CASE("columns that declare more than the caps cost their rows, and nothing of the size is allocated") {
  for (const Case& one : contents()) check(one);
}

TEST_CASE("columns at the cap that hold very many small things cost what they are worth") {
  for (const Case& one : floods()) check(one);
}

TEST_CASE("at the caps all is read") {
  CHECK(read(note_json(format::kMaxNoteJson)).report.intact());
  CHECK(read(head_of_values(format::kMaxValue, 16)).report.intact());
  CHECK(read(meta_frame(0, 14 << 3)).report.intact());
}

TEST_CASE("more segments or recordings than the caps are refused in one line") {
  const std::string header = tape().substr(0, records_of(tape())[0].end);
  const auto many = [&](std::size_t n, std::size_t at) {
    std::string bytes;
    for (std::size_t i = 0; i < n; ++i) {
      std::string one = header;
      format::store<std::uint32_t>(one, at, static_cast<std::uint32_t>(i));
      rehash(one, records_of(one)[0]);
      bytes += one;
    }
    return bytes;
  };
  const auto error = [](const std::string& bytes) {
    const auto opened = format::TapeReader::open(format::memory_source(bytes));
    return opened ? Error() : opened.error();
  };
  for (const Error& refused :
       {error(many(format::kMaxRecordings + 1, 16)), error(many(format::kMaxSegments + 1, 28))}) {
    CHECK(refused.code == format::errc::limit_exceeded);
    CHECK(refused.message.find("holds more than") != std::string::npos);
    CHECK(refused.message.find('\n') == std::string::npos);
  }
  CHECK(format::TapeReader::open(format::memory_source(many(format::kMaxRecordings, 16))).has_value());
}
