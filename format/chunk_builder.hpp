#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "format/chunk_body.hpp"
#include "format/epoch_tables.hpp"
#include "format/row.hpp"
#include "format/segment_records.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// A chunk's rows in columns, not compressed yet.
struct ClosedChunk {
  ChunkFacts facts;
  std::vector<std::pair<Column, std::string>> columns;  // ids ascending, empty ones left out
  std::uint32_t errors = 0;                             // status >= 500 or none
  std::uint16_t methods = 0;                            // bit = META's code
  std::uint16_t statuses = 0;                           // bit 0 none, 1-5 class
  std::vector<IndexCompletion> completions;             // as rows stand; without the chunk's number
};

/// What of an exchange a row holds.
struct RowParts {
  bool request_head = true;
  bool request_rest = true;  // its trailers and gaps
  bool response = true;      // all of it, interim heads and the rules that fired
};

/// Turns rows into columns. The caller says where bodies are that are not kept in the chunk.
class ChunkBuilder {
 public:
  /// Both outlive the builder. `values` is cleared by its owner when an epoch ends.
  ChunkBuilder(const http::RecordingId& recording, ValueTable& values) : x_recording(&recording), x_table(&values) {}

  /// `row`: kind, bodies, flags and (of a completion) what it repeats are set, the rest is filled from the exchange.
  /// Bodies with codes 1 and 2 go into the chunk's columns. `ordinal`: the exchange's, also of a completion.
  void add(const http::Exchange& exchange, RowMeta row, const RowParts& parts, std::uint64_t ordinal,
           std::uint64_t chunk_in_epoch);
  std::uint32_t rows() const { return x_chunk.facts.rows; }
  /// Bodies of codes 1 and 2 so far: the index of the next.
  std::uint64_t own_bodies() const { return x_own_bodies; }
  std::size_t size() const { return x_bytes + x_meta.size(); }
  /// Facts that rows do not tell (next_ordinal, watermark, epoch ...) are the caller's. Ready for the next chunk then.
  ClosedChunk close();
  /// Columns of a chunk that is written: their memory is used again, for its pages are there.
  void recycle(std::vector<std::pair<Column, std::string>> columns);
  std::uint64_t memory() const;

 private:
  std::string& column(Column id) { return x_columns[static_cast<std::size_t>(id)]; }
  void add_body(const BodyPlace& place, const http::Body& body, Column of_side);
  void add_heads(const http::Exchange& exchange, RowMeta& row, const RowParts& parts, std::uint64_t chunk_in_epoch);
  void add_extra(const http::Exchange& exchange, RowMeta& row, const RowParts& parts);
  void add_ext(const http::Exchange& exchange, RowMeta& row, const RowParts& parts);
  void add_connection(const http::Exchange& exchange);
  void count(const RowMeta& row);
  std::string encode_origins() const;

  const http::RecordingId* x_recording;
  ValueTable* x_table;
  std::uint64_t x_next_value = 0;
  std::uint64_t x_own_bodies = 0;
  ClosedChunk x_chunk;
  MetaEncoder x_meta;
  std::array<std::string, kColumnEnd> x_columns;
  std::array<std::vector<std::string>, kColumnEnd> x_spare;  // empty strings with room
  std::size_t x_bytes = 0;
  std::unordered_set<std::uint64_t> x_connections;
  std::uint64_t x_last_connection = 0;
  std::vector<http::ExchangeId> x_ids;  // of the rows
  bool x_has_origins = false;
};

/// By what a row sorts: the request's first byte, or the response's where that is alone.
Time sort_time(const http::Exchange& exchange);

/// What a completion row repeats of its opening row: connection, sequence, stream, method, version, first byte.
void set_names(const http::Exchange& exchange, RowMeta& row);

/// Bytes of a row in EXTRA and EXT, and of its longest head: what limits are checked against.
std::size_t extra_size(const http::Exchange& exchange);
std::size_t ext_size(const http::Exchange& exchange);

}  // namespace tapedeck::format
