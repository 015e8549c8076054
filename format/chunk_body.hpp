#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/layout.hpp"

namespace tapedeck::format {

/// The fixed part of a CHUNK's body.
struct ChunkFacts {
  std::uint64_t next_ordinal = 0;     // before this chunk
  std::uint64_t next_completion = 0;  // before this chunk
  std::int64_t t_min = INT64_MAX;     // of the request_first of rows with an ordinal
  std::int64_t t_max = INT64_MIN;
  std::int64_t watermark = INT64_MIN;
  std::uint32_t rows = 0;
  std::uint32_t exchanges = 0;  // rows with an ordinal
  std::uint32_t epoch = 0;
  std::uint16_t chunk_in_epoch = 0;
  std::uint64_t connection_min = UINT64_MAX;
  std::uint64_t connection_max = 0;
  std::uint32_t completions() const { return rows - exchanges; }  // exchanges <= rows: decoding sees to that
};

struct ColumnEntry {
  std::uint16_t id = 0;
  Codec codec = Codec::raw;
  std::uint8_t flags = 0;
  std::uint32_t stored_len = 0;
  std::uint32_t raw_len = 0;
  std::uint64_t stored_xxh3 = 0;
};

struct ChunkBody {
  ChunkFacts facts;
  std::vector<ColumnEntry> columns;
};

std::string encode_chunk_body(const ChunkBody& chunk);

/// Nothing if it is malformed. Columns this reader does not know are there too.
std::optional<ChunkBody> decode_chunk_body(std::string_view body);

/// Whether a column must be understood to read the rows right; readers that do not know it stop.
std::uint8_t column_flags(Column column);

/// What a reader has to know and this one does not, in words: a critical column, or a codec. Empty if there is nothing.
std::string unknown_in(const ChunkBody& chunk);

}  // namespace tapedeck::format
