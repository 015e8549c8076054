#include "format/chunk_body.hpp"

#include <fmt/format.h>

#include "format/wire.hpp"

namespace tapedeck::format {

std::string encode_chunk_body(const ChunkBody& chunk) {
  std::string out;
  out.reserve(kChunkBody + chunk.columns.size() * kColumnEntry);
  const ChunkFacts& facts = chunk.facts;
  put(out, facts.next_ordinal);
  put(out, facts.next_completion);
  put(out, facts.t_min);
  put(out, facts.t_max);
  put(out, facts.watermark);
  put(out, facts.rows);
  put(out, facts.exchanges);
  put(out, facts.epoch);
  put(out, facts.chunk_in_epoch);
  put(out, static_cast<std::uint16_t>(chunk.columns.size()));
  put(out, facts.connection_min);
  put(out, facts.connection_max);
  static_assert(kChunkBody == 72);
  for (const ColumnEntry& column : chunk.columns) {
    put(out, column.id);
    put(out, static_cast<std::uint8_t>(column.codec));
    put(out, column.flags);
    put(out, column.stored_len);
    put(out, column.raw_len);
    put(out, std::uint32_t{0});
    put(out, column.stored_xxh3);
  }
  return out;
}

std::optional<ChunkBody> decode_chunk_body(std::string_view body) {
  WireReader reader(body);
  ChunkBody chunk;
  ChunkFacts& facts = chunk.facts;
  facts.next_ordinal = reader.fixed<std::uint64_t>();
  facts.next_completion = reader.fixed<std::uint64_t>();
  facts.t_min = reader.fixed<std::int64_t>();
  facts.t_max = reader.fixed<std::int64_t>();
  facts.watermark = reader.fixed<std::int64_t>();
  facts.rows = reader.fixed<std::uint32_t>();
  facts.exchanges = reader.fixed<std::uint32_t>();
  facts.epoch = reader.fixed<std::uint32_t>();
  facts.chunk_in_epoch = reader.fixed<std::uint16_t>();
  const auto columns = reader.fixed<std::uint16_t>();
  facts.connection_min = reader.fixed<std::uint64_t>();
  facts.connection_max = reader.fixed<std::uint64_t>();
  if (!reader.ok() || columns > kMaxColumns || facts.rows > kMaxRows || facts.exchanges > facts.rows ||
      facts.chunk_in_epoch >= kMaxEpochChunks || facts.next_ordinal > UINT64_MAX - kMaxRows) {
    return std::nullopt;
  }
  std::uint16_t previous = 0;
  for (std::uint16_t i = 0; i < columns; ++i) {
    ColumnEntry column;
    column.id = reader.fixed<std::uint16_t>();
    column.codec = static_cast<Codec>(reader.fixed<std::uint8_t>());
    column.flags = reader.fixed<std::uint8_t>();
    column.stored_len = reader.fixed<std::uint32_t>();
    column.raw_len = reader.fixed<std::uint32_t>();
    reader.fixed<std::uint32_t>();
    column.stored_xxh3 = reader.fixed<std::uint64_t>();
    if (!reader.ok() || column.id <= previous || column.stored_len > kMaxPayload || column.raw_len > kMaxFrame) {
      return std::nullopt;
    }
    previous = column.id;
    chunk.columns.push_back(column);
  }
  return chunk;
}

std::uint8_t column_flags(Column column) {
  switch (column) {
    case Column::extra:
    case Column::connections:
    case Column::ext: return 0;
    default: return kColumnCritical;
  }
}

std::string unknown_in(const ChunkBody& chunk) {
  for (const ColumnEntry& column : chunk.columns) {
    const bool known = column.id < kColumnEnd;
    const bool critical = (column.flags & kColumnCritical) != 0;
    if (!known && critical) return fmt::format("unknown critical column {} of a CHUNK", column.id);
    if (known && column.codec > Codec::zstd) {
      return fmt::format("unknown codec {} of column {} of a CHUNK", static_cast<unsigned>(column.codec), column.id);
    }
  }
  return {};
}

}  // namespace tapedeck::format
