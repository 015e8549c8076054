// Rows that wait for earlier ones: as many as it takes where a tape keeps its promises, no more than so many where not.
#include <random>

#include <doctest/doctest.h>

#include "format/cursor.hpp"
#include "format/format_error.hpp"
#include "format/tape_reader_impl.hpp"
#include "tests/format/edited_tape.hpp"
#include "tests/format/tape_fixture.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

http::Exchange at(std::int64_t ms) {
  http::Exchange e;
  e.request.head = "GET /" + std::to_string(ms) + " HTTP/1.1\r\n\r\n" + std::string(2000, ' ');
  e.request.first = e.request.last = e.response.first = e.response.last = kNow + std::chrono::milliseconds(ms);
  e.status = 200;
  return e;
}

/// Nobody ever raises the watermark.
std::string without_watermark(const std::vector<std::int64_t>& times) {
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  for (const std::int64_t ms : times) REQUIRE(writer->append(at(ms), kNow).has_value());
  REQUIRE(writer->seal(kNow).has_value());
  return *bytes;
}

struct Walk {
  std::vector<std::int64_t> times;  // ms
  std::uint64_t late = 0;
  std::uint64_t waiting = 0;  // at most
};

format::TapeStore store_of(const std::string& bytes) {
  auto file = std::make_shared<format::TapeFile>(format::memory_source(bytes), "tape", std::nullopt,
                                                 format::MissingKey::refuse);
  auto scanned = format::scan_tape(*file);
  REQUIRE(scanned.has_value());
  return format::TapeStore(std::move(file), std::make_shared<format::ScanResult>(std::move(*scanned)));
}

Walk walk(const std::string& bytes, std::uint64_t most) {
  format::TapeStore store = store_of(bytes);
  format::MergedCursor cursor(store, {}, format::Bodies::load, {most, 2 * most});
  Walk walked;
  for (;;) {
    const auto row = cursor.next();
    REQUIRE(row.has_value());
    if (!*row) return walked;
    walked.waiting = std::max(walked.waiting, cursor.waiting());
    walked.late += (*row)->exchange.flags.has(http::Flag::late_row) ? 1 : 0;
    walked.times.push_back((to_ns((*row)->exchange.request.first) - to_ns(kNow)) / 1'000'000);
  }
}

/// A CHUNK of as many rows as there can be, which take some bytes on the tape: all at one time, nothing else said.
void make_flood(format::ChunkFacts facts, std::int64_t time, EditedChunk& chunk) {
  facts.rows = facts.exchanges = format::kMaxRows;
  facts.t_min = facts.t_max = time;
  facts.watermark = INT64_MIN;
  chunk.facts() = facts;
  std::string times;
  format::put_zigzag(times, time);
  times.resize(times.size() + format::kMaxRows - 1);
  std::string meta;
  format::put_varint(meta, static_cast<std::uint64_t>(format::Stream::request_first));
  format::put_varint(meta, times.size());
  meta += times;
  chunk.set_frame(1, format::Compressor(3).compress(meta), format::Codec::zstd, meta.size(), format::kColumnCritical);
}

/// So many chunks of them, and one whose rows are earlier than all.
std::string flood(std::uint16_t chunks) {
  EditedTape tape(without_watermark({0}));
  const EditedRecord first = tape.first(format::RecordType::chunk);
  std::erase_if(tape.records, [](const EditedRecord& r) { return r.header.type != format::RecordType::file_header; });
  for (std::uint16_t n = 0; n <= chunks; ++n) {
    EditedRecord& record = tape.records.emplace_back(first);
    EditedChunk chunk(first);
    format::ChunkFacts facts;
    facts.next_ordinal = std::uint64_t{n} * format::kMaxRows;
    facts.chunk_in_epoch = n;
    make_flood(facts, n == chunks ? 1 : 1000, chunk);
    chunk.put_into(record);
  }
  return tape.bytes();
}

}  // namespace

TEST_CASE("without a watermark no more rows wait than disorder asks for: chunks say themselves what is to come") {
  std::vector<std::int64_t> times;
  for (std::int64_t n = 0; n < 2000; ++n) times.push_back(n * 10);
  std::mt19937 random(1);
  for (std::size_t n = 0; n < times.size(); ++n)
    std::swap(times[n], times[std::min(n + random() % 20, times.size() - 1)]);
  const Walk walked = walk(without_watermark(times), format::kMaxWaitingRows);
  CHECK(walked.times.size() == 2000);
  CHECK(std::is_sorted(walked.times.begin(), walked.times.end()));
  CHECK(walked.late == 0);
  CHECK(walked.waiting < 200);
}

TEST_CASE("where more rows would wait than there is room for, none is lost, and those that come late say so") {
  std::vector<std::int64_t> times;
  for (std::int64_t n = 0; n < 1000; ++n) times.push_back(10'000 + n);
  for (std::int64_t n = 0; n < 50; ++n) times.push_back(n);
  const std::string bytes = without_watermark(times);
  const Walk all = walk(bytes, 2000);
  CHECK(std::is_sorted(all.times.begin(), all.times.end()));
  CHECK(all.late == 0);
  const Walk few = walk(bytes, 300);
  CHECK(few.times.size() == times.size());
  CHECK(few.waiting <= 300);
  CHECK(few.late == 50);
  std::vector<std::int64_t> sorted = few.times;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == all.times);
}

TEST_CASE("a chunk of 65 536 rows in a few bytes does not fill the memory, however many there are") {
  const std::string bytes = flood(12);
  CHECK(bytes.size() < 8'000);
  format::TapeStore store = store_of(bytes);
  constexpr std::uint64_t kMost = 5 * format::kMaxRows;
  format::MergedCursor cursor(store, {}, format::Bodies::skip, {kMost, 2 * kMost});
  for (int n = 0; n < 3 * static_cast<int>(format::kMaxRows); ++n) {
    const auto row = cursor.next();
    REQUIRE(row.has_value());
    REQUIRE(row->has_value());
    REQUIRE(cursor.waiting() <= kMost);
  }
}

TEST_CASE("recordings that all begin at once with a flood of rows are refused") {
  // Each is a recording of its own: their rows must all be known before the first can come out.
  std::string bytes;
  const std::string one = flood(0);
  for (std::uint32_t n = 0; n < 5; ++n) {
    EditedTape tape(one);
    for (EditedRecord& record : tape.records) record.header.segment.recording[4] = static_cast<std::uint8_t>(n);
    tape.edit_chunk([](EditedChunk& chunk) { chunk.facts().t_min = 0; });
    bytes += tape.bytes();
  }
  format::TapeStore store = store_of(bytes);
  format::MergedCursor cursor(store, {}, format::Bodies::skip, {format::kMaxRows, 4 * format::kMaxRows});
  const auto row = cursor.next();
  REQUIRE(row.has_error());
  CHECK(row.error().code == format::errc::limit_exceeded);
  CHECK(row.error().message.find("one by one") != std::string::npos);
}

TEST_CASE("more completions than a tape of that size can mean are refused") {
  EditedTape tape(without_watermark({0}));
  const EditedRecord first = tape.first(format::RecordType::chunk);
  std::erase_if(tape.records, [](const EditedRecord& r) { return r.header.type != format::RecordType::file_header; });
  std::string kinds;  // each completes the row before it
  for (std::uint32_t n = 0; n < format::kMaxRows; ++n) kinds += static_cast<char>(n % 2 == 0 ? 1 : 2);
  std::string meta;
  format::put_varint(meta, static_cast<std::uint64_t>(format::Stream::kind));
  format::put_varint(meta, kinds.size());
  meta += kinds;
  format::put_varint(meta, static_cast<std::uint64_t>(format::Stream::completes));
  format::put_varint(meta, format::kMaxRows / 2);
  meta.append(format::kMaxRows / 2, '\1');
  for (std::uint16_t n = 0; n <= 2 * format::kMaxCompletions / format::kMaxRows; ++n) {
    EditedRecord& record = tape.records.emplace_back(first);
    EditedChunk chunk(first);
    chunk.facts() = {};
    chunk.facts().rows = format::kMaxRows;
    chunk.facts().exchanges = format::kMaxRows / 2;
    chunk.facts().next_ordinal = std::uint64_t{n} * (format::kMaxRows / 2);
    chunk.facts().next_completion = chunk.facts().next_ordinal;
    chunk.facts().chunk_in_epoch = n;
    chunk.facts().t_min = chunk.facts().t_max = 0;
    chunk.set_frame(1, format::Compressor(3).compress(meta), format::Codec::zstd, meta.size(), format::kColumnCritical);
    chunk.put_into(record);
  }
  const std::string bytes = tape.bytes();
  CHECK(bytes.size() < 100'000);
  const auto row = open_bytes(bytes).in_time_order().next();
  REQUIRE(row.has_error());
  CHECK(row.error().code == format::errc::limit_exceeded);
  CHECK(row.error().message.find("1048576 completions") != std::string::npos);
}
