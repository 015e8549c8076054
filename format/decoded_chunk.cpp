#include "format/decoded_chunk.hpp"

#include <algorithm>
#include <cstring>

#include "format/frame.hpp"

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
    decoded = decode_content(x_payload.substr(stored->begin, stored->length), stored->codec, stored->raw_len);
  }
  if (!*decoded) return std::nullopt;
  return (*decoded)->view();
}

void DecodedChunk::forget_bodies() const {
  for (const Column id : {Column::request_bodies, Column::response_bodies, Column::stored}) {
    const auto i = static_cast<std::size_t>(id);
    if (!x_decoded[i] || !*x_decoded[i] || x_forgotten[i]) continue;  // what is wanted again stays
    x_forgotten[i] = true;
    x_decoded[i].reset();
  }
}

std::uint64_t DecodedChunk::memory() const {
  std::uint64_t bytes = x_memory;
  for (std::size_t i = 0; i < kColumnEnd; ++i) {
    if (x_forgotten[i] && !x_decoded[i]) bytes -= x_stored[i]->raw_len;
  }
  return bytes;
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
  const std::size_t most = bytes->size() / kMinValueBytes + 1;
  while (!reader.at_end()) {
    const std::uint64_t length = reader.varint();
    const std::string_view value = reader.bytes(length);
    if (!reader.ok() || length > kMaxValue || x_values->size() >= most) return;
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
    // Each row names one.
    if (!entries.ok() || !entry.ok() || x_connections.size() >= x_facts.rows) {
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
