// Tapes of later versions: what must be understood stops the reader, and the message names it; all else is skipped.
#include <cstring>
#include <functional>

#include <doctest/doctest.h>

#include "format/format_error.hpp"
#include "format/segment_records.hpp"
#include "tests/format/edited_tape.hpp"
#include "tests/format/tape_fixture.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
using format::Codec;
using format::Column;
using format::RecordType;

namespace {

const WrittenTape& tape() {
  static const WrittenTape written = write_tape(ExchangeGenerator(7), 60, small_chunks());
  return written;
}

/// What opening the tape and reading all of it says; empty if nothing is wrong.
Error first_error(const std::string& bytes) {
  auto reader = format::TapeReader::open(format::memory_source(bytes));
  if (!reader) return reader.error();
  auto cursor = reader->in_time_order();
  for (;;) {
    const auto row = cursor.next();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

Error verify_error(const std::string& bytes) {
  auto reader = format::TapeReader::open(format::memory_source(bytes));
  if (!reader) return reader.error();
  const auto report = reader->verify();
  return report ? Error() : report.error();
}

std::size_t offset_of(const std::string& bytes, RecordType type) {
  for (const RecordPlace& place : records_of(bytes)) {
    if (place.type == type) return place.begin;
  }
  return std::string::npos;
}

/// Bytes of the first record of a type, changed in its header.
std::string with_header_byte(RecordType type, std::size_t at, char value, std::string bytes = tape().bytes) {
  for (const RecordPlace& place : records_of(bytes)) {
    if (place.type != type) continue;
    bytes[place.begin + at] = value;
    rehash(bytes, place);
    return bytes;
  }
  return bytes;
}

std::string edited(const std::function<void(EditedTape&)>& change) {
  EditedTape edited(tape().bytes);
  change(edited);
  return edited.bytes();
}

/// No footers lead past its records.
std::string scanned() {
  return edited([](EditedTape& made) { made.insert(0x8001, 0); });
}

std::string with_column(std::uint16_t id, std::uint8_t codec, std::uint8_t flags) {
  return edited([&](EditedTape& made) {
    made.edit_chunk(
        [&](EditedChunk& chunk) { chunk.set_frame(id, opaque("new"), static_cast<Codec>(codec), 3, flags); });
  });
}

struct Newer {
  std::string names;
  RecordType where;
  std::string bytes;
};

std::vector<Newer> newer_tapes() {
  return {
      {"tape layout 2", RecordType::file_header, with_header_byte(RecordType::file_header, 12, 2)},
      {"tape layout 3", RecordType::chunk, with_header_byte(RecordType::chunk, 12, 3)},
      {"unknown record header flag 0x08", RecordType::chunk, with_header_byte(RecordType::chunk, 13, 1 | 8)},
      {"unknown record header flag 0x80", RecordType::note,
       with_header_byte(RecordType::note, 13, static_cast<char>(0x80), scanned())},
      {"unknown critical record type 12", static_cast<RecordType>(12),
       edited([](EditedTape& made) { made.insert(12, format::kFlagCritical, "body", opaque("payload")); })},
      {"unknown critical record type 40000", static_cast<RecordType>(40000),
       edited([](EditedTape& made) { made.insert(40000, format::kFlagCritical); })},
      {"unknown incompat bits 0x00000006 of a FILE_HEADER", RecordType::file_header,
       edited([](EditedTape& made) { made.records[0].body[8] = 6; })},
      {"unknown critical column 12 of a CHUNK", RecordType::chunk, with_column(12, 1, format::kColumnCritical)},
      {"unknown codec 2 of column 1 of a CHUNK", RecordType::chunk, with_column(1, 2, format::kColumnCritical)},
      {"unknown codec 9 of column 8 of a CHUNK", RecordType::chunk, with_column(8, 9, 0)},
      {"unknown codec 7 of a BLOB", RecordType::blob,
       edited([](EditedTape& made) { made.first(RecordType::blob).body[48] = 7; })},
  };
}

struct Addition {
  std::string what;
  std::function<void(EditedTape&)> make;
  std::uint64_t skipped = 0;  // records
};

void add_to_meta(EditedChunk& chunk) {
  std::string meta;
  for (const std::uint64_t id : {0u, 22u, 40u, 300u}) {
    format::put_varint(meta, id);
    format::put_varint(meta, 3);
    meta += "abc";
  }
  chunk.set(Column::meta, meta + chunk.column(Column::meta));
}

void add_connection_tag(EditedChunk& chunk) {
  const std::string there = chunk.column(Column::connections);
  format::WireReader entries(there);
  const std::string_view entry = entries.bytes(entries.varint());
  std::string made;
  format::put_varint(made, entry.size() + 5);
  made += entry;
  made += std::string("\xC8\x03", 2) + "new";  // tag 200, three bytes
  made += entries.bytes(entries.left());
  chunk.set(Column::connections, made);
}

/// An item of an unknown kind in front of the first row's own.
void add_item(EditedChunk& chunk, Column id, std::uint64_t format::RowMeta::*length, const std::string& item) {
  auto rows = chunk.rows();
  rows[0].*length += item.size();
  chunk.set(id, item + chunk.column(id));
  chunk.set_rows(rows);
}

void add_summary_key(EditedTape& made) {
  EditedRecord& record = made.first(RecordType::summary);
  const std::size_t before = record.payload.size();
  std::string content = *format::decode_content_up_to(record.payload, format::kMaxFrame);
  REQUIRE(content.back() == '}');
  content.insert(content.size() - 1, R"(,"new":{"a":[1,2,{"b":null}]})");
  record.payload = format::Compressor(3).compress(content);
  EditedRecord& last = made.records.back();
  auto footer = *format::decode_footer(last.body);
  footer.offset += record.payload.size() - before;
  last.body = format::encode(footer);
}

std::vector<Addition> additions() {
  const auto chunk = [](const auto& change) { return [change](EditedTape& made) { made.edit_chunk(change); }; };
  std::vector<Addition> all{
      {"a compat bit", [](EditedTape& made) { made.records[0].body[7] = static_cast<char>(0x80); }},
      {"a column", chunk([](EditedChunk& c) { c.set_frame(12, opaque("pace"), Codec::raw, 4); })},
      {"a column of an unknown codec", chunk([](EditedChunk& c) { c.set_frame(900, opaque("x"), Codec{9}, 77); })},
      {"sub-streams of META", chunk(add_to_meta)},
      {"a field of a connection", chunk(add_connection_tag)},
      {"an EXTRA item",
       chunk([](EditedChunk& c) { add_item(c, Column::extra, &format::RowMeta::extra_bytes, "\x4D\x02zz"); })},
      {"an EXT item",
       chunk([](EditedChunk& c) { add_item(c, Column::ext, &format::RowMeta::ext_bytes, "\x80\x80\x01\x02zz"); })},
      {"a key of the SUMMARY's JSON", add_summary_key},
  };
  for (const auto type : std::initializer_list<std::uint16_t>{8, 9, 10, 11, 12, 0x8001}) {
    all.push_back({"a record type",
                   [type](EditedTape& made) {
                     made.insert(type, 0, "body", opaque("payload"));
                     made.insert(type, 0);
                   },
                   2});
  }
  for (const RecordType type : {RecordType::file_header, RecordType::chunk, RecordType::blob, RecordType::index,
                                RecordType::summary, RecordType::note}) {
    all.push_back({"a TLV", [type](EditedTape& made) {
                     format::put<std::uint16_t>(made.first(type).body, 7);
                     format::put<std::uint16_t>(made.first(type).body, 5);
                     made.first(type).body += "later";
                   }});
  }
  return all;
}

}  // namespace

TEST_CASE("what a reader must know and does not stops it: the message says what, where and what to do") {
  for (const Newer& newer : newer_tapes()) {
    CAPTURE(newer.names);
    const std::string at = " at byte " + std::to_string(offset_of(newer.bytes, newer.where)) + " ";
    for (const Error& error : {first_error(newer.bytes), verify_error(newer.bytes)}) {
      CAPTURE(error.message);
      CHECK(error.code == format::errc::newer_version);
      CHECK(error.message.find("needs a newer tapedeck: " + newer.names + at) != std::string::npos);
      CHECK(error.message.find("read it with the version that wrote it") != std::string::npos);
      CHECK(error.message.find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("what a reader need not know is skipped, records are counted, and nothing else changes") {
  for (const Addition& addition : additions()) {
    CAPTURE(addition.what);
    const std::string bytes = edited(addition.make);
    REQUIRE(bytes != tape().bytes);
    auto reader = open_bytes(bytes);
    check_equal(read_all(reader), in_time_order(tape().exchanges));
    const auto report = reader.verify();
    REQUIRE(report.has_value());
    CHECK(report->intact());
    CHECK(report->sealed());
    CHECK(report->skipped == addition.skipped);
    CHECK(reader.summary()->to_json() == [&] {
      auto summary = *open_bytes(tape().bytes).summary();
      summary.bytes = bytes.size();
      return summary.to_json();
    }());
  }
}
