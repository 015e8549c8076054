#include "format/row.hpp"

#include <algorithm>

#include "http/exchange.hpp"
#include "http/flags.hpp"

namespace tapedeck::format {
namespace {

bool is_truncated(std::uint64_t flags, http::Side side) { return http::FlagSet(flags).has(truncated_flag(side)); }

/// One sub-stream being read; an absent one gives zeros without end.
class StreamReader {
 public:
  StreamReader() = default;
  explicit StreamReader(std::string_view bytes) : x_reader(bytes), x_present(true) {}
  std::uint64_t varint() { return x_present ? x_reader.varint() : 0; }
  std::int64_t zigzag() { return x_present ? x_reader.zigzag() : 0; }
  std::uint8_t byte() { return x_present ? x_reader.fixed<std::uint8_t>() : std::uint8_t{0}; }
  std::string_view bytes(std::size_t n) { return x_present ? x_reader.bytes(n) : std::string_view(); }
  bool ok() const { return x_reader.ok(); }

 private:
  WireReader x_reader;
  bool x_present = false;
};

class MetaDecoder {
 public:
  bool open(std::string_view meta) {
    WireReader reader(meta);
    for (std::uint32_t n = 0; !reader.at_end(); ++n) {
      const std::uint64_t id = reader.varint();
      const std::string_view bytes = reader.bytes(reader.varint());
      if (!reader.ok() || n == kMaxStreams) return false;
      if (id < kStreamEnd) x_streams[static_cast<std::size_t>(id)] = StreamReader(bytes);
    }
    return reader.ok();
  }

  bool next(RowMeta& row) {
    read_names(row);
    read_times(row);
    row.request_head_bytes = at(Stream::request_head).varint();
    row.response_head_bytes = at(Stream::response_head).varint();
    const std::uint8_t codes = at(Stream::bodies).byte();
    const bool bodies_ok = read_body(codes & 15, row.bodies[0]) && read_body(codes >> 4, row.bodies[1]);
    for (const http::Side side : {http::Side::request, http::Side::response}) {
      if (is_truncated(row.flags, side)) row.seen[index_of(side)] = at(Stream::seen_lengths).varint();
    }
    row.extra_bytes = at(Stream::extra).varint();
    row.ext_bytes = at(Stream::ext).varint();
    row.reason = at(Stream::reason).varint();
    return bodies_ok && in_range(row);
  }

  /// Whether no sub-stream ended too early. Asked once, for what is read behind an end is zeros.
  bool ok() const {
    return std::all_of(x_streams.begin(), x_streams.end(), [](const StreamReader& s) { return s.ok(); });
  }

 private:
  StreamReader& at(Stream stream) { return x_streams[static_cast<std::size_t>(stream)]; }

  void read_names(RowMeta& row) {
    row.kind = static_cast<RowKind>(at(Stream::kind).byte());
    if (row.kind == RowKind::completion) row.completes = at(Stream::completes).varint();
    x_connection += static_cast<std::uint64_t>(at(Stream::connection).zigzag());
    row.connection = x_connection;
    row.sequence = at(Stream::sequence).varint();
    row.stream = at(Stream::stream).varint();
    row.method = at(Stream::method).byte();
    row.version = at(Stream::version).byte();
    row.status = at(Stream::status).varint();
    row.flags = at(Stream::flags).varint();
  }

  void read_times(RowMeta& row) {
    x_request_first = wrapping_sum(x_request_first, at(Stream::request_first).zigzag());
    row.request_first = x_request_first;
    row.request_last = wrapping_sum(row.request_first, at(Stream::request_last).zigzag());
    row.response_first = wrapping_sum(row.request_last, at(Stream::response_first).zigzag());
    row.response_last = wrapping_sum(row.response_first, at(Stream::response_last).zigzag());
  }

  bool read_body(unsigned code, BodyPlace& body) {
    StreamReader& arguments = at(Stream::body_arguments);
    body.code = static_cast<BodyCode>(code);
    switch (body.code) {
      case BodyCode::none: return true;
      case BodyCode::in_column:
      case BodyCode::stored: body.length = arguments.varint(); return true;
      case BodyCode::equal:
        body.length = arguments.varint();
        body.chunks_back = arguments.varint();
        body.index = arguments.varint();
        return true;
      case BodyCode::blob: body.length = arguments.varint(); [[fallthrough]];
      case BodyCode::blob_open:
        body.blob = arguments.varint();
        body.epochs_back = arguments.varint();
        return true;
      case BodyCode::omitted: {
        body.length = arguments.varint();
        body.omitted_because = arguments.byte();
        const std::uint8_t n = arguments.byte();
        body.sha256 = arguments.bytes(n);
        return n == 0 || n == 32;
      }
    }
    return false;
  }

  static bool in_range(const RowMeta& row) {
    return row.kind <= RowKind::completion && row.sequence <= UINT32_MAX && row.stream <= UINT32_MAX &&
           row.status <= UINT16_MAX && row.reason <= UINT16_MAX && row.extra_bytes <= kMaxExtra &&
           row.ext_bytes <= kMaxExt;
  }

  std::array<StreamReader, kStreamEnd> x_streams;
  std::uint64_t x_connection = 0;
  std::int64_t x_request_first = 0;
};

}  // namespace

MetaEncoder::MetaEncoder() = default;

void MetaEncoder::add(const RowMeta& row) {
  put<std::uint8_t>(at(Stream::kind), static_cast<std::uint8_t>(row.kind));
  if (row.kind == RowKind::completion) put_varint(at(Stream::completes), row.completes);
  put_zigzag(at(Stream::connection), wrapping_difference(row.connection, x_connection));
  put_varint(at(Stream::sequence), row.sequence);
  put_varint(at(Stream::stream), row.stream);
  put<std::uint8_t>(at(Stream::method), row.method);
  put<std::uint8_t>(at(Stream::version), row.version);
  put_varint(at(Stream::status), row.status);
  put_varint(at(Stream::flags), row.flags);
  put_zigzag(at(Stream::request_first), wrapping_difference(row.request_first, x_request_first));
  put_zigzag(at(Stream::request_last), wrapping_difference(row.request_last, row.request_first));
  put_zigzag(at(Stream::response_first), wrapping_difference(row.response_first, row.request_last));
  put_zigzag(at(Stream::response_last), wrapping_difference(row.response_last, row.response_first));
  put_varint(at(Stream::request_head), row.request_head_bytes);
  put_varint(at(Stream::response_head), row.response_head_bytes);
  put<std::uint8_t>(at(Stream::bodies), static_cast<std::uint8_t>(static_cast<unsigned>(row.bodies[0].code) |
                                                                  static_cast<unsigned>(row.bodies[1].code) << 4));
  add_body(row.bodies[0]);
  add_body(row.bodies[1]);
  for (const http::Side side : {http::Side::request, http::Side::response}) {
    if (is_truncated(row.flags, side)) put_varint(at(Stream::seen_lengths), row.seen[index_of(side)]);
  }
  put_varint(at(Stream::extra), row.extra_bytes);
  put_varint(at(Stream::ext), row.ext_bytes);
  put_varint(at(Stream::reason), row.reason);
  x_connection = row.connection;
  x_request_first = row.request_first;
}

void MetaEncoder::add_body(const BodyPlace& body) {
  std::string& out = at(Stream::body_arguments);
  if (body.code == BodyCode::none) return;
  if (body.code != BodyCode::blob_open) put_varint(out, body.length);
  if (body.code == BodyCode::equal) {
    put_varint(out, body.chunks_back);
    put_varint(out, body.index);
  } else if (body.code == BodyCode::blob || body.code == BodyCode::blob_open) {
    put_varint(out, body.blob);
    put_varint(out, body.epochs_back);
  } else if (body.code == BodyCode::omitted) {
    put<std::uint8_t>(out, body.omitted_because);
    put<std::uint8_t>(out, static_cast<std::uint8_t>(body.sha256.size()));
    out += body.sha256;
  }
}

std::size_t MetaEncoder::size() const {
  std::size_t total = 0;
  for (const std::string& stream : x_streams) total += stream.size();
  return total;
}

std::string MetaEncoder::finish() const {
  std::string meta;
  for (std::size_t id = 1; id < x_streams.size(); ++id) {
    const std::string& stream = x_streams[id];
    if (stream.find_first_not_of('\0') == std::string::npos) continue;
    put_varint(meta, id);
    put_varint(meta, stream.size());
    meta += stream;
  }
  return meta;
}

void MetaEncoder::clear() {
  for (std::string& stream : x_streams) stream.clear();
  x_connection = 0;
  x_request_first = 0;
}

std::optional<std::vector<RowMeta>> decode_meta(std::string_view meta, std::uint32_t rows) {
  MetaDecoder decoder;
  if (rows > kMaxRows || !decoder.open(meta)) return std::nullopt;
  std::vector<RowMeta> decoded(rows);
  for (RowMeta& row : decoded) {
    if (!decoder.next(row)) return std::nullopt;
  }
  if (!decoder.ok()) return std::nullopt;
  return decoded;
}

std::uint8_t method_code(std::string_view method) {
  static constexpr std::string_view kMethods[] = {"",       "GET",     "HEAD",    "POST",  "PUT",
                                                  "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  for (std::uint8_t code = 1; code < std::size(kMethods); ++code) {
    if (method == kMethods[code]) return code;
  }
  return 0;
}

}  // namespace tapedeck::format
