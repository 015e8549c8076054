#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "format/buffer.hpp"
#include "format/row.hpp"
#include "format/tape_file.hpp"
#include "format/tape_map.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// Names a chunk of a TapeMap by its places in the lists there.
struct ChunkRef {
  std::uint32_t recording = 0;
  std::uint32_t segment = 0;
  std::uint32_t chunk = 0;
};

/// How much of a chunk to read: `ids` is rows() and id() alone, for a few kilobytes of it.
enum class Extent : std::uint8_t { all, ids };

/// One chunk in memory: columns are decoded when first asked for. Columns that a fault hit are told from those that are
/// not there: the latter are empty.
class DecodedChunk {
 public:
  /// What cannot be read of the chunk shows in the answers; errors are trouble of the source, or a tape that needs a
  /// newer reader or a key. `encrypted`: what its segment is; then a plain chunk is not believed.
  static Result<std::shared_ptr<const DecodedChunk>> load(const TapeFile& file, const ChunkEntry& entry,
                                                          const SegmentId& segment, ChunkRef ref, Encrypted encrypted,
                                                          Extent extent = Extent::all);

  const ChunkRef& ref() const { return x_ref; }
  const SegmentId& segment() const { return x_segment; }
  const ChunkFacts& facts() const { return x_facts; }
  /// Whether all stored bytes were as they had been written.
  bool intact() const { return x_intact; }
  /// Stored bytes of the record, as far as its header is good; 0 if not.
  std::uint64_t record_size() const { return x_record_size; }
  /// The rows; nothing if META is gone.
  const std::optional<std::vector<RowMeta>>& rows() const { return x_rows; }
  /// Of the exchange that the row holds, or completes.
  std::uint64_t ordinal(std::uint32_t row) const {
    return x_ordinals.empty() ? x_facts.next_ordinal + row : x_ordinals[row];
  }

  /// A column's bytes, as long as the chunk lives. Nothing if it is gone.
  std::optional<std::string_view> column(Column id) const;
  /// A part of it; nothing if the column is gone or ends before.
  std::optional<std::string_view> bytes(Column id, std::uint64_t at, std::uint64_t length) const;
  /// Whether the stored bytes of a column are good, without decoding it.
  bool has(Column id) const;
  std::uint32_t raw_len(Column id) const;

  struct RowPlace {  // in the columns
    std::uint32_t request_head = 0;
    std::uint32_t response_head = 0;
    std::array<std::uint32_t, 2> body{};
    std::uint32_t extra = 0;
    std::uint32_t ext = 0;
  };
  const RowPlace& place(std::uint32_t row) const { return x_places[row]; }

  /// The index-th body of codes 1 and 2, request first; nothing if there is none, or it is gone.
  std::optional<std::string_view> own_body(std::uint64_t index) const;
  /// Whether own_body() can be expected to be there, and its length.
  std::optional<std::uint64_t> own_body_length(std::uint64_t index) const;
  std::optional<std::string_view> body_bytes(std::uint32_t row, http::Side side) const;

  /// The index-th interned value; nothing if there is none, or VALUES is gone.
  std::optional<std::string_view> value(std::uint64_t index) const;
  /// By number; nothing if there is no entry. `gone` if CONNECTIONS is.
  std::shared_ptr<const http::Connection> connection(std::uint64_t number, bool& gone) const;
  /// Whose row it was first; the row's own id if it has no other. Nothing if ORIGINS is gone.
  std::optional<http::ExchangeId> id(std::uint32_t row) const;

  /// Lets go of decoded bodies: of each column once, for if they are decoded again, they are wanted more often.
  void forget_bodies() const;
  /// Roughly, for the cache: as if all columns were decoded that were not let go.
  std::uint64_t memory() const;

 private:
  struct StoredColumn {
    Codec codec = Codec::raw;
    std::uint32_t raw_len = 0;
    std::size_t begin = 0;  // of the frame's content, in x_payload
    std::size_t length = 0;
    bool good = true;
  };
  struct Head;
  Result<std::optional<Head>> read_head(const TapeFile& file, const ChunkEntry& entry, Encrypted encrypted) const;
  Result<void> read_ids(const TapeFile& file, std::uint64_t offset, const Head& head);
  Result<Buffer> bytes_of(const TapeFile& file, std::uint64_t offset, std::uint64_t begin, std::uint64_t length) const;
  void decode_rows();
  void take_payload(std::string_view bytes, const RecordHeader& header);
  void read_columns(const ChunkBody& body, bool escaped);
  void decrypt_columns(const TapeKeys& keys, const RecordHeader& header, std::string_view head, const ChunkBody& body);
  bool place_rows();
  bool number_rows();
  Column body_column(const RowMeta& row, http::Side side) const;
  void decode_values() const;
  void decode_connections() const;
  void decode_origins() const;

  ChunkRef x_ref;
  SegmentId x_segment;
  ChunkFacts x_facts;
  bool x_intact = false;
  std::uint64_t x_record_size = 0;
  std::uint64_t x_memory = 0;
  Buffer x_record;             // as read
  std::string x_plain;         // the payload, if it is not stored as it is: unescaped, or decrypted
  std::string_view x_payload;  // in one of these
  std::array<std::optional<StoredColumn>, kColumnEnd> x_stored;
  std::optional<std::vector<RowMeta>> x_rows;
  std::vector<std::uint64_t> x_ordinals;  // empty if no row is a completion
  std::vector<RowPlace> x_places;
  std::vector<std::uint32_t> x_own_bodies;  // row * 2 + side

  // Decoded on demand, by the reader's one thread.
  mutable std::array<std::optional<std::optional<Buffer>>, kColumnEnd> x_decoded;
  mutable std::array<bool, kColumnEnd> x_forgotten{};
  mutable std::optional<std::vector<std::string_view>> x_values;
  mutable bool x_connections_done = false;
  mutable bool x_connections_gone = false;
  mutable std::map<std::uint64_t, std::shared_ptr<const http::Connection>> x_connections;
  mutable bool x_origins_done = false;
  mutable std::optional<std::vector<http::ExchangeId>> x_origins;
};

}  // namespace tapedeck::format
