#include "format/decoded_chunk.hpp"

#include <algorithm>
#include <cstring>

#include "format/format_error.hpp"
#include "format/frame.hpp"
#include "format/scan.hpp"
#include "format/source_window.hpp"

namespace tapedeck::format {
namespace {

http::SocketAddress read_address(std::string_view bytes) {
  http::SocketAddress address;
  if (bytes.size() != 6 && bytes.size() != 18) return address;
  address.port = load<std::uint16_t>(bytes, 0);
  address.size = static_cast<std::uint8_t>(bytes.size() - 2);
  std::memcpy(address.bytes.data(), bytes.data() + 2, address.size);
  return address;
}

void read_field(http::Connection& connection, std::uint8_t tag, std::string_view bytes) {
  switch (static_cast<ConnectionTag>(tag)) {
    case ConnectionTag::client: connection.client = read_address(bytes); break;
    case ConnectionTag::server: connection.server = read_address(bytes); break;
    case ConnectionTag::upstream: connection.upstream = read_address(bytes); break;
    case ConnectionTag::tls_version: connection.tls_version = WireReader(bytes).fixed<std::uint16_t>(); break;
    case ConnectionTag::tls_cipher: connection.tls_cipher = WireReader(bytes).fixed<std::uint16_t>(); break;
    case ConnectionTag::sni: connection.sni = bytes; break;
    case ConnectionTag::alpn: connection.alpn = bytes; break;
    case ConnectionTag::opened:
      if (bytes.size() == 8) connection.opened = time_from_ns(load<std::int64_t>(bytes, 0));
      break;
    case ConnectionTag::certificate: connection.client_certificate_sha256 = bytes; break;
  }
}

bool add_length(std::uint64_t& at, std::uint64_t length) {
  if (length > kMaxFrame) return false;
  at += length;
  return at <= kMaxFrame;
}

std::optional<std::string_view> slice(const std::optional<std::string_view>& column, std::uint64_t at,
                                      std::uint64_t length) {
  if (!column || at > column->size() || length > column->size() - at) return std::nullopt;
  return column->substr(static_cast<std::size_t>(at), static_cast<std::size_t>(length));
}

}  // namespace

Result<std::shared_ptr<const DecodedChunk>> DecodedChunk::load(const TapeFile& file, const ChunkEntry& entry,
                                                               const SegmentId& segment, ChunkRef ref,
                                                               Encrypted encrypted) {
  const std::string& name = file.name;
  auto chunk = std::make_shared<DecodedChunk>();
  chunk->x_ref = ref;
  chunk->x_segment = segment;
  chunk->x_facts = entry.facts;
  const auto gone = [&] { return std::shared_ptr<const DecodedChunk>(chunk); };
  auto head = read_bytes(*file.source, entry.offset, kHeaderSize + kMaxBody);
  if (!head) return head.error();
  const std::uint32_t body_len = promised_body_len(*head);
  if (body_len == UINT32_MAX || head->size() < kHeaderSize + body_len) return gone();
  head->resize(kHeaderSize + body_len);
  RecordHeader header;
  const HeaderCheck check = decode_header(*head, header);
  if (check == HeaderCheck::newer) return newer_version(name, "a record header");
  if (check == HeaderCheck::bad || header.type != RecordType::chunk || header.segment != segment) return gone();
  if (encrypted == Encrypted::yes && !header.encrypted()) return gone();
  if (header.encrypted() && !file.keys.has_key()) return key_needed(name);
  const auto body = decode_chunk_body(std::string_view(*head).substr(kHeaderSize));
  if (!body || body->facts.next_ordinal != entry.facts.next_ordinal || body->facts.rows != entry.facts.rows ||
      body->facts.exchanges != entry.facts.exchanges || body->facts.epoch != entry.facts.epoch ||
      body->facts.chunk_in_epoch != entry.facts.chunk_in_epoch) {
    return gone();
  }
  if (needs_newer_reader(*body)) return newer_version(name, "a column of a chunk");
  auto payload = read_bytes(*file.source, entry.offset + header.size(), header.payload_len);
  if (!payload) return payload.error();
  chunk->x_payload = std::move(*payload);
  chunk->x_record_size = header.record_size();
  chunk->x_intact = chunk->x_payload.size() == header.payload_len && xxh3(chunk->x_payload) == header.payload_xxh3 &&
                    (!header.escaped() || unescape_payload(chunk->x_payload));
  chunk->read_columns(*body, header.escaped());
  if (header.encrypted()) chunk->decrypt_columns(file.keys, header, *head, *body);
  if (const auto meta = chunk->column(Column::meta)) chunk->x_rows = decode_meta(*meta, chunk->x_facts.rows);
  if (chunk->x_rows && (!chunk->number_rows() || !chunk->place_rows())) chunk->x_rows.reset();
  return gone();
}

void DecodedChunk::read_columns(const ChunkBody& body, bool escaped) {
  std::size_t at = 0;
  x_memory = x_payload.size() + std::uint64_t{x_facts.rows} * (sizeof(RowMeta) + sizeof(RowPlace));
  for (const ColumnEntry& entry : body.columns) {
    const std::size_t begin = at;
    at += entry.stored_len;
    if (entry.id >= kColumnEnd) continue;
    const auto frame = slice(x_payload, begin, entry.stored_len);
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
    const auto content =
        keys.open(header, frame, std::string_view(x_payload).substr(column.begin, column.length), head);
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
  x_payload = std::move(plain);
}

bool DecodedChunk::has(Column id) const {
  const auto& stored = x_stored[static_cast<std::size_t>(id)];
  const auto& decoded = x_decoded[static_cast<std::size_t>(id)];
  return x_record_size != 0 && (!stored || stored->good) && (!decoded || *decoded);
}

std::uint32_t DecodedChunk::raw_len(Column id) const {
  const auto& stored = x_stored[static_cast<std::size_t>(id)];
  return stored ? stored->raw_len : 0;
}

std::optional<std::string_view> DecodedChunk::column(Column id) const {
  if (!has(id)) return std::nullopt;
  const auto& stored = x_stored[static_cast<std::size_t>(id)];
  if (!stored) return std::string_view();
  auto& decoded = x_decoded[static_cast<std::size_t>(id)];
  if (!decoded) {
    decoded = decode_content(std::string_view(x_payload).substr(stored->begin, stored->length), stored->codec,
                             stored->raw_len);
  }
  if (!*decoded) return std::nullopt;
  return std::string_view(**decoded);
}

Column DecodedChunk::body_column(const RowMeta& row, http::Side side) const {
  if (row.bodies[index_of(side)].code == BodyCode::stored) return Column::stored;
  return side == http::Side::request ? Column::request_bodies : Column::response_bodies;
}

/// Which exchanges the rows are of. False if that contradicts the record's body.
bool DecodedChunk::number_rows() {
  if (x_facts.exchanges == x_facts.rows) return std::all_of(x_rows->begin(), x_rows->end(), has_ordinal);
  std::uint64_t next = x_facts.next_ordinal;
  for (const RowMeta& row : *x_rows) {
    if (!has_ordinal(row) && (row.completes == 0 || row.completes > next)) return false;
    x_ordinals.push_back(has_ordinal(row) ? next++ : next - row.completes);
  }
  return next - x_facts.next_ordinal == x_facts.exchanges;
}

/// Where each row's bytes begin in the columns. False if the lengths make no sense.
bool DecodedChunk::place_rows() {
  std::array<std::uint64_t, kColumnEnd> at{};
  const auto next = [&](Column id, std::uint64_t length, std::uint32_t& place) {
    std::uint64_t& end = at[static_cast<std::size_t>(id)];
    place = static_cast<std::uint32_t>(end);
    return add_length(end, length);
  };
  x_places.resize(x_rows->size());
  for (std::uint32_t i = 0; i < x_rows->size(); ++i) {
    const RowMeta& row = (*x_rows)[i];
    RowPlace& place = x_places[i];
    bool good = next(Column::request_heads, row.request_head_bytes, place.request_head) &&
                next(Column::response_heads, row.response_head_bytes, place.response_head) &&
                next(Column::extra, row.extra_bytes, place.extra) && next(Column::ext, row.ext_bytes, place.ext);
    for (const http::Side side : {http::Side::request, http::Side::response}) {
      const auto s = static_cast<std::uint32_t>(side);
      if (!row.bodies[s].in_chunk()) continue;
      good = good && next(body_column(row, side), row.bodies[s].length, place.body[s]);
      x_own_bodies.push_back(i * 2 + s);
    }
    if (!good) return false;
  }
  return true;
}

std::optional<std::string_view> DecodedChunk::bytes(Column id, std::uint64_t at, std::uint64_t length) const {
  return slice(column(id), at, length);
}

std::optional<std::string_view> DecodedChunk::body_bytes(std::uint32_t row, http::Side side) const {
  const auto s = index_of(side);
  return bytes(body_column((*x_rows)[row], side), x_places[row].body[s], (*x_rows)[row].bodies[s].length);
}

std::optional<std::string_view> DecodedChunk::own_body(std::uint64_t index) const {
  if (!x_rows || index >= x_own_bodies.size()) return std::nullopt;
  const std::uint32_t which = x_own_bodies[static_cast<std::size_t>(index)];
  return body_bytes(which / 2, static_cast<http::Side>(which % 2));
}

std::optional<std::uint64_t> DecodedChunk::own_body_length(std::uint64_t index) const {
  if (!x_rows || index >= x_own_bodies.size()) return std::nullopt;
  const std::uint32_t which = x_own_bodies[static_cast<std::size_t>(index)];
  const auto side = static_cast<http::Side>(which % 2);
  const RowMeta& row = (*x_rows)[which / 2];
  const Column from = body_column(row, side);
  const std::uint64_t length = row.bodies[which % 2].length;
  if (!has(from) || x_places[which / 2].body[which % 2] + length > raw_len(from)) return std::nullopt;
  return length;
}

void DecodedChunk::decode_values() const {
  x_values.emplace();
  const auto bytes = column(Column::values);
  if (!bytes) return;
  WireReader reader(*bytes);
  while (!reader.at_end()) {
    const std::uint64_t length = reader.varint();
    const std::string_view value = reader.bytes(length);
    if (!reader.ok() || length > kMaxValue) return;
    x_values->push_back(value);
  }
}

std::optional<std::string_view> DecodedChunk::value(std::uint64_t index) const {
  if (!x_values) decode_values();
  if (index >= x_values->size()) return std::nullopt;
  return (*x_values)[static_cast<std::size_t>(index)];
}

void DecodedChunk::decode_connections() const {
  x_connections_done = true;
  const auto bytes = column(Column::connections);
  x_connections_gone = !bytes;
  if (!bytes) return;
  WireReader entries(*bytes);
  std::uint64_t number = 0;
  while (!entries.at_end()) {
    WireReader entry(entries.bytes(entries.varint()));
    number += static_cast<std::uint64_t>(entry.zigzag());
    auto connection = std::make_shared<http::Connection>();
    connection->number = number;
    while (!entry.at_end()) {
      const auto tag = entry.fixed<std::uint8_t>();
      const std::string_view field = entry.bytes(entry.varint());
      if (entry.ok()) read_field(*connection, tag, field);
    }
    if (!entries.ok() || !entry.ok()) {
      x_connections_gone = true;
      return;
    }
    x_connections.try_emplace(number, std::move(connection));
  }
}

std::shared_ptr<const http::Connection> DecodedChunk::connection(std::uint64_t number, bool& gone) const {
  if (!x_connections_done) decode_connections();
  const auto found = x_connections.find(number);
  if (found != x_connections.end()) return found->second;
  gone = x_connections_gone;
  return nullptr;
}

void DecodedChunk::decode_origins() const {
  x_origins_done = true;
  const auto bytes = column(Column::origins);
  if (!bytes) return;
  WireReader reader(*bytes);
  std::vector<http::ExchangeId> listed;  // recording, its last ordinal
  std::vector<http::ExchangeId> ids;
  for (std::uint32_t row = 0; row < x_facts.rows; ++row) {
    const std::uint64_t k = reader.varint();
    if (!reader.ok() || k > listed.size()) return;
    if (k == listed.size()) {
      const std::string_view recording = reader.bytes(sizeof(http::RecordingId));
      if (!reader.ok()) return;
      std::memcpy(listed.emplace_back().recording.data(), recording.data(), recording.size());
    }
    http::ExchangeId& last = listed[static_cast<std::size_t>(k)];
    last.ordinal += static_cast<std::uint64_t>(reader.zigzag());
    ids.push_back(last);
  }
  if (reader.ok()) x_origins = std::move(ids);
}

std::optional<http::ExchangeId> DecodedChunk::id(std::uint32_t row) const {
  if (has(Column::origins) && !x_stored[static_cast<std::size_t>(Column::origins)]) {
    return http::ExchangeId{x_segment.recording, ordinal(row)};
  }
  if (!x_origins_done) decode_origins();
  if (!x_origins) return std::nullopt;
  return (*x_origins)[row];
}

}  // namespace tapedeck::format
