#include "format/chunk_builder.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck::format {
namespace {

void put_item(std::string& out, ExtraKind kind, std::string_view bytes) {
  put<std::uint8_t>(out, static_cast<std::uint8_t>(kind));
  put_varint(out, bytes.size());
  out += bytes;
}

void put_item(std::string& out, ExtId id, std::string_view bytes) {
  put_varint(out, static_cast<std::uint64_t>(id));
  put_varint(out, bytes.size());
  out += bytes;
}

void put_field(std::string& out, ConnectionTag tag, std::string_view bytes) {
  if (bytes.empty()) return;
  put<std::uint8_t>(out, static_cast<std::uint8_t>(tag));
  put_varint(out, bytes.size());
  out += bytes;
}

void put_address(std::string& out, ConnectionTag tag, const http::SocketAddress& address) {
  if (address.size == 0) return;
  std::string bytes;
  put(bytes, address.port);
  bytes.append(reinterpret_cast<const char*>(address.bytes.data()), address.size);
  put_field(out, tag, bytes);
}

template <class T>
void put_number(std::string& out, ConnectionTag tag, T value) {
  std::string bytes;
  put(bytes, value);
  put_field(out, tag, bytes);
}

std::string connection_fields(const http::Connection& connection) {
  std::string out;
  put_address(out, ConnectionTag::client, connection.client);
  put_address(out, ConnectionTag::server, connection.server);
  put_address(out, ConnectionTag::upstream, connection.upstream);
  if (connection.tls_version != 0) put_number(out, ConnectionTag::tls_version, connection.tls_version);
  if (connection.tls_cipher != 0) put_number(out, ConnectionTag::tls_cipher, connection.tls_cipher);
  put_field(out, ConnectionTag::sni, connection.sni);
  put_field(out, ConnectionTag::alpn, connection.alpn);
  if (connection.opened) put_number(out, ConnectionTag::opened, to_ns(*connection.opened));
  put_field(out, ConnectionTag::certificate, connection.client_certificate_sha256);
  return out;
}

std::string extra_of(const http::Exchange& exchange, const RowParts& parts) {
  std::string out;
  if (parts.request_rest && !exchange.request.trailers.empty()) {
    put_item(out, ExtraKind::request_trailers, exchange.request.trailers);
  }
  if (!parts.response) return out;
  if (!exchange.response.trailers.empty()) put_item(out, ExtraKind::response_trailers, exchange.response.trailers);
  for (const std::string& head : exchange.interim) put_item(out, ExtraKind::interim, head);
  return out;
}

std::string ext_of(const http::Exchange& exchange, const RowParts& parts) {
  std::string out;
  for (const http::BodyGap& gap : exchange.gaps) {
    if (!(gap.side == http::Side::request ? parts.request_rest : parts.response)) continue;
    std::string item;
    put<std::uint8_t>(item, static_cast<std::uint8_t>(gap.side));
    put_varint(item, gap.offset);
    put_varint(item, gap.length);
    put_item(out, ExtId::gap, item);
  }
  if (parts.response && !exchange.rules.empty()) put_item(out, ExtId::rules, exchange.rules);
  return out;
}

RowMeta with_facts(const http::Exchange& exchange, RowMeta row) {
  if (row.kind != RowKind::completion) set_names(exchange, row);
  row.request_last = exchange.has_request() ? to_ns(exchange.request.last) : row.request_first;
  row.reason = static_cast<std::uint64_t>(exchange.reason);
  if (row.kind == RowKind::opening) {
    row.response_first = row.response_last = row.request_last;
    return row;
  }
  row.status = exchange.status;
  row.response_first = to_ns(exchange.response.first);
  row.response_last = to_ns(exchange.response.last);
  return row;
}

}  // namespace

Time sort_time(const http::Exchange& exchange) {
  return exchange.has_request() ? exchange.request.first : exchange.response.first;
}

void set_names(const http::Exchange& exchange, RowMeta& row) {
  row.connection = exchange.connection ? exchange.connection->number : 0;
  row.sequence = exchange.sequence;
  row.stream = exchange.stream;
  row.method = method_code(http::request_line_of(exchange.request.head).method);
  row.version = static_cast<std::uint8_t>(exchange.version);
  row.request_first = to_ns(sort_time(exchange));
}

std::size_t extra_size(const http::Exchange& exchange) { return extra_of(exchange, {}).size(); }
std::size_t ext_size(const http::Exchange& exchange) { return ext_of(exchange, {}).size(); }

void ChunkBuilder::add(const http::Exchange& exchange, RowMeta row, const RowParts& parts, std::uint64_t ordinal,
                       std::uint64_t chunk_in_epoch) {
  row = with_facts(exchange, std::move(row));
  add_heads(exchange, row, parts, chunk_in_epoch);
  for (const BodyPlace& body : row.bodies) x_own_bodies += body.in_chunk() ? 1 : 0;
  add_body(row.bodies[0], exchange.request.body, Column::request_bodies);
  add_body(row.bodies[1], exchange.response.body, Column::response_bodies);
  add_extra(exchange, row, parts);
  add_ext(exchange, row, parts);
  add_connection(exchange);
  const bool has_origin = exchange.id.recording != http::RecordingId{};
  x_ids.push_back(has_origin ? exchange.id : http::ExchangeId{*x_recording, ordinal});
  x_has_origins = x_has_origins || has_origin;
  x_meta.add(row);
  if (!has_ordinal(row)) x_chunk.completions.push_back({ordinal, 0, x_chunk.facts.rows});
  count(row);
  x_bytes = 0;
  for (const std::string& bytes : x_columns) x_bytes += bytes.size();
}

void ChunkBuilder::add_body(const BodyPlace& place, const http::Body& body, Column of_side) {
  if (place.code == BodyCode::in_column) column(of_side) += body.bytes;
  if (place.code == BodyCode::stored) column(Column::stored) += body.bytes;
}

void ChunkBuilder::add_heads(const http::Exchange& exchange, RowMeta& row, const RowParts& parts,
                             std::uint64_t chunk_in_epoch) {
  const OpenValues open{chunk_in_epoch, &column(Column::values), &x_next_value};
  if (parts.request_head) {
    row.request_head_bytes = put_head(column(Column::request_heads), exchange.request.head, *x_table, open);
  }
  if (!parts.response) return;
  row.response_head_bytes = put_head(column(Column::response_heads), exchange.response.head, *x_table, open);
}

void ChunkBuilder::add_extra(const http::Exchange& exchange, RowMeta& row, const RowParts& parts) {
  const std::string extra = extra_of(exchange, parts);
  row.extra_bytes = extra.size();
  column(Column::extra) += extra;
}

void ChunkBuilder::add_ext(const http::Exchange& exchange, RowMeta& row, const RowParts& parts) {
  const std::string ext = ext_of(exchange, parts);
  row.ext_bytes = ext.size();
  column(Column::ext) += ext;
}

void ChunkBuilder::add_connection(const http::Exchange& exchange) {
  if (!exchange.connection || exchange.connection->number == x_last_connection) return;
  if (!x_connections.insert(exchange.connection->number).second) return;
  std::string entry;
  put_zigzag(entry, wrapping_difference(exchange.connection->number, x_last_connection));
  entry += connection_fields(*exchange.connection);
  x_last_connection = exchange.connection->number;
  put_varint(column(Column::connections), entry.size());
  column(Column::connections) += entry;
}

void ChunkBuilder::count(const RowMeta& row) {
  ChunkFacts& facts = x_chunk.facts;
  ++facts.rows;
  if (has_ordinal(row)) {
    ++facts.exchanges;
    facts.t_min = std::min(facts.t_min, row.request_first);
    facts.t_max = std::max(facts.t_max, row.request_first);
  }
  facts.connection_min = std::min(facts.connection_min, row.connection);
  facts.connection_max = std::max(facts.connection_max, row.connection);
  if (row.status >= 500 || row.status == 0) ++x_chunk.errors;
  x_chunk.methods = static_cast<std::uint16_t>(x_chunk.methods | 1u << row.method);
  const unsigned status_class = row.status >= 100 && row.status < 600 ? static_cast<unsigned>(row.status / 100) : 0;
  x_chunk.statuses = static_cast<std::uint16_t>(x_chunk.statuses | 1u << status_class);
}

std::string ChunkBuilder::encode_origins() const {
  if (!x_has_origins) return {};
  std::string out;
  std::map<http::RecordingId, std::pair<std::uint64_t, std::uint64_t>> listed;  // place, last ordinal
  for (const http::ExchangeId& id : x_ids) {
    const auto [entry, is_new] = listed.try_emplace(id.recording, listed.size(), 0);
    put_varint(out, entry->second.first);
    if (is_new) out.append(reinterpret_cast<const char*>(id.recording.data()), id.recording.size());
    put_zigzag(out, wrapping_difference(id.ordinal, entry->second.second));
    entry->second.second = id.ordinal;
  }
  return out;
}

ClosedChunk ChunkBuilder::close() {
  column(Column::meta) = x_meta.finish();
  column(Column::origins) = encode_origins();
  for (std::size_t id = 1; id < x_columns.size(); ++id) {
    if (x_columns[id].empty()) continue;
    x_chunk.columns.emplace_back(static_cast<Column>(id), std::exchange(x_columns[id], {}));
    if (x_spare[id].empty()) continue;
    x_columns[id] = std::move(x_spare[id].back());
    x_spare[id].pop_back();
  }
  x_next_value = 0;
  x_own_bodies = 0;
  x_meta.clear();
  x_bytes = 0;
  x_connections.clear();
  x_last_connection = 0;
  x_ids.clear();
  x_has_origins = false;
  return std::exchange(x_chunk, {});
}

void ChunkBuilder::recycle(std::vector<std::pair<Column, std::string>> columns) {
  constexpr std::size_t kSpares = 2;
  constexpr std::size_t kLargest = 2u << 20;
  for (auto& [id, bytes] : columns) {
    std::vector<std::string>& spare = x_spare[static_cast<std::size_t>(id)];
    if (spare.size() >= kSpares || bytes.capacity() > kLargest) continue;
    bytes.clear();
    spare.push_back(std::move(bytes));
  }
}

std::uint64_t ChunkBuilder::memory() const {
  std::uint64_t total = x_meta.size();
  for (const std::string& bytes : x_columns) total += bytes.capacity();
  for (const auto& spare : x_spare) {
    for (const std::string& bytes : spare) total += bytes.capacity();
  }
  return total;
}

}  // namespace tapedeck::format
