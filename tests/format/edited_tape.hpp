#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "format/chunk_body.hpp"
#include "format/frame.hpp"
#include "format/record.hpp"
#include "format/row.hpp"
#include "format/wire.hpp"
#include "tests/format/hostile_tape.hpp"

namespace tapedeck::test {

/// One opaque frame.
inline std::string opaque(std::string_view content) {
  std::string frame;
  format::put<std::uint32_t>(frame, format::kOpaqueMagic);
  format::put<std::uint32_t>(frame, static_cast<std::uint32_t>(content.size()));
  return frame += content;
}

struct EditedRecord {
  format::RecordHeader header;
  std::string body;
  std::string payload;
};

/// A CHUNK taken apart.
class EditedChunk {
 public:
  explicit EditedChunk(const EditedRecord& record) : x_chunk(*format::decode_chunk_body(record.body)) {
    std::size_t at = 0;
    for (const format::ColumnEntry& entry : x_chunk.columns) {
      x_frames.push_back(record.payload.substr(at, entry.stored_len));
      at += entry.stored_len;
    }
  }

  format::ChunkFacts& facts() { return x_chunk.facts; }
  format::ColumnEntry& entry(format::Column id) { return x_chunk.columns[place(static_cast<std::uint16_t>(id))]; }

  /// Decoded bytes; empty if it is not there.
  std::string column(format::Column id) const {
    const std::size_t n = place(static_cast<std::uint16_t>(id));
    if (n == x_chunk.columns.size() || x_chunk.columns[n].id != static_cast<std::uint16_t>(id)) return {};
    const format::ColumnEntry& entry = x_chunk.columns[n];
    return std::string(format::decode_content(*format::frame_content(x_frames[n]), entry.codec, entry.raw_len)->view());
  }

  void set(format::Column id, const std::string& bytes) {
    set_frame(static_cast<std::uint16_t>(id), opaque(bytes), format::Codec::raw, bytes.size());
  }

  /// Replaces a column, or adds one.
  void set_frame(std::uint16_t id, const std::string& frame, format::Codec codec, std::size_t raw_len,
                 std::uint8_t flags = 0) {
    const std::size_t n = place(id);
    if (n == x_chunk.columns.size() || x_chunk.columns[n].id != id) {
      x_chunk.columns.insert(x_chunk.columns.begin() + static_cast<std::ptrdiff_t>(n), format::ColumnEntry{});
      x_frames.insert(x_frames.begin() + static_cast<std::ptrdiff_t>(n), std::string());
    }
    format::ColumnEntry& entry = x_chunk.columns[n];
    entry.id = id;
    entry.codec = codec;
    entry.flags = flags;
    entry.raw_len = static_cast<std::uint32_t>(raw_len);
    entry.stored_len = static_cast<std::uint32_t>(frame.size());
    x_frames[n] = frame;
  }

  std::vector<format::RowMeta> rows() const {
    return *format::decode_meta(column(format::Column::meta), x_chunk.facts.rows);
  }
  void set_rows(const std::vector<format::RowMeta>& rows) {
    format::MetaEncoder encoder;
    for (const format::RowMeta& row : rows) encoder.add(row);
    set(format::Column::meta, encoder.finish());
  }

  void put_into(EditedRecord& record) const {
    record.body = format::encode_chunk_body(x_chunk);
    record.payload.clear();
    for (const std::string& frame : x_frames) record.payload += frame;
  }

 private:
  std::size_t place(std::uint16_t id) const {
    std::size_t n = 0;
    while (n < x_chunk.columns.size() && x_chunk.columns[n].id < id) ++n;
    return n;
  }

  format::ChunkBody x_chunk;
  std::vector<std::string> x_frames;
};

/// A plain tape of one segment taken apart into records, to be changed and put together again: record numbers, lengths
/// and hashes are made to fit, offsets within records are not.
class EditedTape {
 public:
  explicit EditedTape(const std::string& tape) {
    for (const RecordPlace& place : records_of(tape)) {
      EditedRecord& record = records.emplace_back();
      const std::string head = tape.substr(place.begin, place.payload - place.begin);
      REQUIRE(format::decode_header(head, record.header) == format::HeaderCheck::good);
      record.body = head.substr(format::kHeaderSize);
      record.payload = tape.substr(place.payload, place.end - place.payload);
      if (!record.header.escaped()) continue;
      REQUIRE(format::unescape_payload(record.payload));
      record.header.flags &= static_cast<std::uint8_t>(~format::kFlagEscaped);
    }
  }

  EditedRecord& first(format::RecordType type) {
    for (EditedRecord& record : records) {
      if (record.header.type == type) return record;
    }
    FAIL("no such record");
    return records.front();
  }

  void edit_chunk(const std::function<void(EditedChunk&)>& change) {
    EditedRecord& record = first(format::RecordType::chunk);
    EditedChunk chunk(record);
    change(chunk);
    chunk.put_into(record);
  }

  /// Behind the first record.
  void insert(std::uint16_t type, std::uint8_t flags, std::string body = {}, std::string payload = {}) {
    EditedRecord added{records.front().header, std::move(body), std::move(payload)};
    added.header.type = static_cast<format::RecordType>(type);
    added.header.flags = flags;
    records.insert(records.begin() + 1, std::move(added));
  }

  std::string bytes() const {
    std::string tape;
    std::uint64_t number = 0;
    for (const EditedRecord& record : records) {
      format::RecordHeader header = record.header;
      header.record_no = number++;
      header.payload_len = static_cast<std::uint32_t>(record.payload.size());
      std::string bytes = format::encode_header(header, record.body) + record.payload;
      rehash(bytes, {0, format::kHeaderSize + record.body.size(), bytes.size(), header.type});
      tape += bytes;
    }
    return tape;
  }

  std::vector<EditedRecord> records;
};

}  // namespace tapedeck::test
