#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/layout.hpp"
#include "format/wire.hpp"

namespace tapedeck::format {

/// Where a body is: META's code and its arguments.
struct BodyPlace {
  BodyCode code = BodyCode::none;
  std::uint64_t length = 0;       // codes 1-4; code 5: seen on the wire + 1, 0 unknown
  std::uint64_t chunks_back = 0;  // code 3
  std::uint64_t index = 0;        // code 3
  std::uint64_t blob = 0;         // codes 4, 6
  std::uint64_t epochs_back = 0;  // codes 4, 6
  std::uint8_t omitted_because = 0;
  std::string sha256;

  /// Whether bytes of it stand in a column of its own chunk.
  bool in_chunk() const { return code == BodyCode::in_column || code == BodyCode::stored; }
};

/// What META says of one row.
struct RowMeta {
  RowKind kind = RowKind::whole;
  std::uint64_t completes = 0;  // completion rows: (next ordinal to be given) - (ordinal completed)
  std::uint64_t connection = 0;
  std::uint64_t sequence = 0;
  std::uint64_t stream = 0;
  std::uint8_t method = 0;
  std::uint8_t version = 0;
  std::uint64_t status = 0;
  std::uint64_t flags = 0;
  std::int64_t request_first = 0;
  std::int64_t request_last = 0;
  std::int64_t response_first = 0;
  std::int64_t response_last = 0;
  std::uint64_t request_head_bytes = 0;   // in REQUEST_HEADS
  std::uint64_t response_head_bytes = 0;  // in RESPONSE_HEADS
  std::array<BodyPlace, 2> bodies;        // by side
  std::array<std::uint64_t, 2> seen{};    // truncated sides: length on the wire + 1, 0 unknown
  std::uint64_t extra_bytes = 0;
  std::uint64_t ext_bytes = 0;
  std::uint64_t reason = 0;
};

/// Whether a row is an exchange's first, which has an ordinal.
inline bool has_ordinal(const RowMeta& row) { return row.kind != RowKind::completion; }

/// Builds META, row by row.
class MetaEncoder {
 public:
  MetaEncoder();
  void add(const RowMeta& row);
  std::size_t size() const;
  /// Sub-streams that are 0 for all rows are left out.
  std::string finish() const;
  /// For the next chunk; keeps its memory.
  void clear();

 private:
  std::string& at(Stream stream) { return x_streams[static_cast<std::size_t>(stream)]; }
  void add_body(const BodyPlace& body);

  std::array<std::string, kStreamEnd> x_streams;
  std::uint64_t x_connection = 0;
  std::int64_t x_request_first = 0;
};

/// All rows of a META column. Nothing if it is malformed.
std::optional<std::vector<RowMeta>> decode_meta(std::string_view meta, std::uint32_t rows);

/// META's code of a method; 0 for any other.
std::uint8_t method_code(std::string_view method);

}  // namespace tapedeck::format
