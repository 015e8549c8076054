// DecodedChunk: from the record to columns that can be decoded.
#include <algorithm>
#include <cstring>
#include <utility>

#include "format/decoded_chunk.hpp"
#include "format/format_error.hpp"
#include "format/frame.hpp"
#include "format/scan.hpp"
#include "format/source_window.hpp"

namespace tapedeck::format {
namespace {

// Of a chunk, where only META is wanted: mostly all of that, and the body before.
constexpr std::uint64_t kIdsAtOnce = 8u << 10;

std::optional<std::string_view> frame_at(std::string_view payload, std::size_t at, std::uint32_t length) {
  if (at > payload.size() || length > payload.size() - at) return std::nullopt;
  return payload.substr(at, length);
}

}  // namespace

/// A chunk's header and body, checked against what is known of it.
struct DecodedChunk::Head {
  std::string_view bytes;
  RecordHeader header;
  ChunkBody body;
};

/// Nothing if it is not the chunk that had been found there.
Result<std::optional<DecodedChunk::Head>> DecodedChunk::read_head(const TapeFile& file, const ChunkEntry& entry,
                                                                  Encrypted encrypted) const {
  const ChunkFacts& facts = entry.facts;
  const std::optional<Head> gone;
  Head head;
  head.bytes = x_record.view();
  const std::uint32_t body_len = promised_body_len(head.bytes);
  if (body_len == UINT32_MAX || head.bytes.size() < kHeaderSize + body_len) return gone;
  head.bytes = head.bytes.substr(0, kHeaderSize + body_len);
  const HeaderCheck check = decode_header(head.bytes, head.header);
  if (check == HeaderCheck::newer) return newer_version(file.name, unknown_in_header(head.bytes), entry.offset);
  const bool is_it = head.header.type == RecordType::chunk && head.header.segment == x_segment;
  if (check == HeaderCheck::bad || !is_it) return gone;
  if (encrypted == Encrypted::yes && !head.header.encrypted()) return gone;
  if (head.header.encrypted() && !file.keys.has_key()) return key_needed(file.name);
  auto body = decode_chunk_body(head.bytes.substr(kHeaderSize));
  if (!body || body->facts.next_ordinal != facts.next_ordinal || body->facts.rows != facts.rows ||
      body->facts.exchanges != facts.exchanges || body->facts.epoch != facts.epoch ||
      body->facts.chunk_in_epoch != facts.chunk_in_epoch) {
    return gone;
  }
  if (const std::string unknown = unknown_in(*body); !unknown.empty()) {
    return newer_version(file.name, unknown, entry.offset);
  }
  head.body = std::move(*body);
  return std::optional(std::move(head));
}

Result<std::shared_ptr<const DecodedChunk>> DecodedChunk::load(const TapeFile& file, const ChunkEntry& entry,
                                                               const SegmentId& segment, ChunkRef ref,
                                                               Encrypted encrypted, Extent extent) {
  auto chunk = std::make_shared<DecodedChunk>();
  chunk->x_ref = ref;
  chunk->x_segment = segment;
  chunk->x_facts = entry.facts;
  const std::uint64_t length = std::max<std::uint64_t>(entry.length, kHeaderSize);
  auto record = read_bytes(*file.source, entry.offset, extent == Extent::ids ? std::min(length, kIdsAtOnce) : length);
  if (!record) return record.error();
  chunk->x_record = std::move(*record);
  const auto head = chunk->read_head(file, entry, encrypted);
  if (!head) return head.error();
  if (!*head) return std::shared_ptr<const DecodedChunk>(std::move(chunk));
  const RecordHeader& header = (*head)->header;
  if (extent == Extent::ids && header.escaped()) return load(file, entry, segment, ref, encrypted, Extent::all);
  if (extent == Extent::ids) {
    if (auto read = chunk->read_ids(file, entry.offset, **head); !read) return read.error();
  } else {
    chunk->take_payload(chunk->x_record.view().substr(header.size()), header);
    chunk->read_columns((*head)->body, header.escaped());
    if (header.encrypted()) chunk->decrypt_columns(file.keys, header, (*head)->bytes, (*head)->body);
  }
  // Encrypted, a chunk without META would have rows that nothing vouches for.
  if (!header.encrypted() || chunk->x_stored[static_cast<std::size_t>(Column::meta)]) chunk->decode_rows();
  return std::shared_ptr<const DecodedChunk>(std::move(chunk));
}

void DecodedChunk::decode_rows() {
  if (const auto meta = column(Column::meta)) x_rows = decode_meta(*meta, x_facts.rows);
  if (x_rows && (!number_rows() || !place_rows())) x_rows.reset();
}

/// META and ORIGINS alone, by their own hashes; the other columns are as if they were gone.
Result<void> DecodedChunk::read_ids(const TapeFile& file, std::uint64_t offset, const Head& head) {
  const RecordHeader& header = head.header;
  x_record_size = header.record_size();
  x_intact = true;
  std::uint64_t at = header.size();  // in the record
  for (std::uint16_t i = 0; i < head.body.columns.size(); ++i) {
    const ColumnEntry& entry = head.body.columns[i];
    const std::uint64_t begin = std::exchange(at, at + entry.stored_len);
    if (entry.id >= kColumnEnd) continue;
    StoredColumn column{entry.codec, entry.raw_len, x_plain.size(), 0, false};
    const auto id = static_cast<Column>(entry.id);
    if (id == Column::meta || id == Column::origins) {
      auto frame = bytes_of(file, offset, begin, entry.stored_len);
      if (!frame) return frame.error();
      const bool as_stored = frame->size() == entry.stored_len && xxh3(frame->view()) == entry.stored_xxh3;
      const auto content = as_stored ? frame_content(frame->view()) : std::nullopt;
      const auto plain = content && header.encrypted() ? file.keys.open(header, i, *content, head.bytes)
                         : content                     ? std::optional(std::string(*content))
                                                       : std::nullopt;
      column.good = plain.has_value();
      column.length = plain.value_or("").size();
      x_plain += plain.value_or("");
      x_intact = x_intact && column.good;
    }
    x_stored[entry.id] = column;
  }
  x_payload = x_plain;
  return {};
}

/// A part of the record: out of what was read of it, if it is there.
Result<Buffer> DecodedChunk::bytes_of(const TapeFile& file, std::uint64_t offset, std::uint64_t begin,
                                      std::uint64_t length) const {
  if (begin + length > x_record.size()) return read_bytes(*file.source, offset + begin, length);
  Buffer copy(static_cast<std::size_t>(length));
  std::memcpy(copy.data(), x_record.data() + begin, copy.size());
  return copy;
}

void DecodedChunk::take_payload(std::string_view bytes, const RecordHeader& header) {
  x_payload = bytes.substr(0, header.payload_len);
  x_record_size = header.record_size();
  x_intact = x_payload.size() == header.payload_len && xxh3(x_payload) == header.payload_xxh3;
  if (!x_intact || !header.escaped()) return;
  x_plain = x_payload;
  x_intact = unescape_payload(x_plain);
  x_payload = x_plain;
}

void DecodedChunk::read_columns(const ChunkBody& body, bool escaped) {
  std::size_t at = 0;
  x_memory = x_payload.size() + std::uint64_t{x_facts.rows} * (sizeof(RowMeta) + sizeof(RowPlace));
  for (const ColumnEntry& entry : body.columns) {
    const std::size_t begin = at;
    at += entry.stored_len;
    if (entry.id >= kColumnEnd) continue;
    const auto frame = frame_at(x_payload, begin, entry.stored_len);
    // Hashes are of the stored bytes: those of an escaped payload cannot be checked one by one.
    const bool as_stored = frame && (x_intact || (!escaped && xxh3(*frame) == entry.stored_xxh3));
    const auto content = as_stored ? frame_content(*frame) : std::nullopt;
    StoredColumn column{entry.codec, entry.raw_len, 0, 0, content.has_value()};
    if (content) {
      column.begin = static_cast<std::size_t>(content->data() - x_payload.data());
      column.length = content->size();
    }
    x_stored[entry.id] = column;
    x_memory += entry.raw_len;
  }
}

/// Puts the plain contents of good columns in the payload's place.
void DecodedChunk::decrypt_columns(const TapeKeys& keys, const RecordHeader& header, std::string_view head,
                                   const ChunkBody& body) {
  std::string plain;
  plain.reserve(x_payload.size());
  for (std::uint16_t frame = 0; frame < body.columns.size(); ++frame) {
    const std::uint16_t id = body.columns[frame].id;
    if (id >= kColumnEnd || !x_stored[id]->good) continue;
    StoredColumn& column = *x_stored[id];
    const auto content = keys.open(header, frame, x_payload.substr(column.begin, column.length), head);
    column.good = content.has_value();
    if (!content && frame == 0) {  // it vouches for the body: nothing is believed without it
      for (auto& each : x_stored) {
        if (each) each->good = false;
      }
    }
    x_intact = x_intact && column.good;
    if (!content) continue;
    column.begin = plain.size();
    column.length = content->size();
    plain += *content;
  }
  x_plain = std::move(plain);
  x_payload = x_plain;
}

}  // namespace tapedeck::format
