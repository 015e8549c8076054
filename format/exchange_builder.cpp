#include "format/exchange_builder.hpp"

#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

class Builder {
 public:
  Builder(TapeStore& store, const std::shared_ptr<const DecodedChunk>& chunk, std::uint32_t row, Bodies bodies)
      : x_store(store), x_chunk(chunk), x_row(row), x_meta((*chunk->rows())[row]), x_bodies(bodies) {}

  Result<BuiltExchange> build() {
    set_facts();
    if (auto heads = set_heads(); !heads) return heads.error();
    if (x_built.lost) return std::move(x_built);
    for (const http::Side side : {http::Side::request, http::Side::response}) {
      if (auto set = set_body(side); !set) return set.error();
    }
    set_extra();
    set_ext();
    set_connection();
    set_id();
    return std::move(x_built);
  }

 private:
  http::Exchange& out() { return x_built.exchange; }
  http::Message& message(http::Side side) { return side == http::Side::request ? out().request : out().response; }

  void set_facts() {
    x_built.recording = x_chunk->ref().recording;
    http::Exchange& e = out();
    e.sequence = static_cast<std::uint32_t>(x_meta.sequence);
    e.stream = static_cast<std::uint32_t>(x_meta.stream);
    e.version = static_cast<http::Version>(x_meta.version);
    e.status = static_cast<std::uint16_t>(x_meta.status);
    e.flags = http::FlagSet(x_meta.flags);
    e.reason = static_cast<http::Reason>(x_meta.reason);
    e.request.first = time_from_ns(x_meta.request_first);
    e.request.last = time_from_ns(x_meta.request_last);
    e.response.first = time_from_ns(x_meta.response_first);
    e.response.last = time_from_ns(x_meta.response_last);
  }

  Result<void> set_heads() {
    const auto& place = x_chunk->place(x_row);
    auto request = head(Column::request_heads, place.request_head, x_meta.request_head_bytes);
    if (!request) return request.error();
    x_built.lost = !*request;
    if (x_built.lost) return {};
    out().request.head = std::move(**request);
    auto response = head(Column::response_heads, place.response_head, x_meta.response_head_bytes);
    if (!response) return response.error();
    x_built.degraded.response_head = !*response;
    if (*response) out().response.head = std::move(**response);
    return {};
  }

  /// Nothing if it cannot be rebuilt to the byte.
  Result<std::optional<std::string>> head(Column id, std::uint32_t at, std::uint64_t length) {
    const std::optional<std::string> nothing;
    if (length == 0) return std::optional(std::string());
    const auto column = x_chunk->column(id);
    if (!column || at > column->size() || length > column->size() - at) return nothing;
    WireReader pieces(column->substr(at, static_cast<std::size_t>(length)));
    std::string head;
    while (!pieces.at_end()) {
      const std::uint64_t n = pieces.varint();
      if (n % 2 == 0) {
        head += pieces.bytes(n / 2);
      } else {
        const std::uint64_t index = pieces.varint();
        const auto from = x_store.earlier(x_chunk, n / 2);
        if (!from) return from.error();
        const auto value = *from ? (*from)->value(index) : std::nullopt;
        if (!value) return nothing;
        head += *value;
      }
      if (!pieces.ok() || head.size() > kMaxHead) return nothing;
    }
    return std::optional(std::move(head));
  }

  Result<void> set_body(http::Side side) {
    const BodyPlace& place = x_meta.bodies[static_cast<std::size_t>(side)];
    http::Body& body = message(side).body;
    const bool is_truncated =
        out().flags.has(side == http::Side::request ? http::Flag::request_truncated : http::Flag::response_truncated);
    if (const std::uint64_t seen = x_meta.seen[static_cast<std::size_t>(side)]; is_truncated && seen != 0) {
      body.wire_length = seen - 1;
    }
    if (place.code == BodyCode::none) return {};
    if (place.code == BodyCode::omitted) {
      set_omitted(place, body);
      return {};
    }
    const bool unusable = side == http::Side::response && x_built.degraded.response_head;
    auto bytes = unusable ? std::optional<std::string>() : fetch(place, side);
    if (!bytes) return bytes.error();
    if (!*bytes) {
      mark_damaged(side, place, body);
      return {};
    }
    body.state = http::BodyState::kept;
    body.bytes = std::move(**bytes);
    (side == http::Side::request ? x_built.kept.request : x_built.kept.response) = place.length;
    if (x_bodies == Bodies::skip && !body.wire_length) body.wire_length = place.length;
    return {};
  }

  static void set_omitted(const BodyPlace& place, http::Body& body) {
    body.state = http::BodyState::omitted;
    body.omitted_because = static_cast<http::OmittedBecause>(place.omitted_because);
    body.wire_length = place.length != 0 ? std::optional(place.length - 1) : std::nullopt;
    body.sha256 = place.sha256;
  }

  void mark_damaged(http::Side side, const BodyPlace& place, http::Body& body) {
    body.state = http::BodyState::omitted;
    body.omitted_because = http::OmittedBecause::damaged;
    if (!body.wire_length) body.wire_length = place.length;
    (side == http::Side::request ? x_built.degraded.request_body : x_built.degraded.response_body) = true;
  }

  /// The bytes; with Bodies::skip an empty string if they are there. Nothing if they are gone.
  Result<std::optional<std::string>> fetch(const BodyPlace& place, http::Side side) {
    switch (place.code) {
      case BodyCode::blob: return fetch_blob(place);
      case BodyCode::equal: return fetch_equal(place);
      default: return fetch_own(place, side);
    }
  }

  Result<std::optional<std::string>> fetch_blob(const BodyPlace& place) {
    if (x_bodies == Bodies::load) return x_store.blob(x_chunk->ref().recording, place.blob, place.length);
    const auto has = x_store.has_blob(x_chunk->ref().recording, place.blob, place.length);
    if (!has) return has.error();
    return present(*has);
  }

  Result<std::optional<std::string>> fetch_equal(const BodyPlace& place) {
    const auto from = x_store.earlier(x_chunk, place.chunks_back);
    if (!from) return from.error();
    if (!*from || (*from)->own_body_length(place.index) != place.length) return std::optional<std::string>();
    if (x_bodies == Bodies::skip) return present(true);
    return copy((*from)->own_body(place.index));
  }

  Result<std::optional<std::string>> fetch_own(const BodyPlace& place, http::Side side) {
    const Column id = place.code == BodyCode::stored ? Column::stored
                      : side == http::Side::request  ? Column::request_bodies
                                                     : Column::response_bodies;
    if (x_bodies == Bodies::skip) return present(x_chunk->has(id));
    return copy(x_chunk->body_bytes(x_row, side));
  }

  static std::optional<std::string> present(bool yes) { return yes ? std::optional(std::string()) : std::nullopt; }
  static std::optional<std::string> copy(std::optional<std::string_view> bytes) {
    return bytes ? std::optional(std::string(*bytes)) : std::nullopt;
  }

  std::optional<std::string_view> row_bytes(Column id, std::uint32_t at, std::uint64_t length) const {
    const auto column = x_chunk->column(id);
    if (!column || at > column->size() || length > column->size() - at) return std::nullopt;
    return column->substr(at, static_cast<std::size_t>(length));
  }

  void set_extra() {
    if (x_meta.extra_bytes == 0) return;
    const auto bytes = row_bytes(Column::extra, x_chunk->place(x_row).extra, x_meta.extra_bytes);
    x_built.degraded.trailers = !bytes;
    WireReader items(bytes.value_or(""));
    while (!items.at_end()) {
      const auto kind = static_cast<ExtraKind>(items.fixed<std::uint8_t>());
      const std::string_view item = items.bytes(items.varint());
      if (!items.ok()) break;
      if (kind == ExtraKind::request_trailers) out().request.trailers = item;
      if (kind == ExtraKind::response_trailers) out().response.trailers = item;
      if (kind == ExtraKind::interim) out().interim.emplace_back(item);
    }
    if (!items.ok()) x_built.degraded.trailers = true;
  }

  void set_ext() {
    if (x_meta.ext_bytes == 0) return;
    const auto bytes = row_bytes(Column::ext, x_chunk->place(x_row).ext, x_meta.ext_bytes);
    x_built.degraded.gaps = !bytes;
    WireReader items(bytes.value_or(""));
    while (!items.at_end()) {
      const std::uint64_t id = items.varint();
      WireReader item(items.bytes(items.varint()));
      if (!items.ok()) break;
      if (id == static_cast<std::uint64_t>(ExtId::gap)) {
        const auto side = static_cast<http::Side>(item.fixed<std::uint8_t>() & 1);
        const std::uint64_t offset = item.varint();
        out().gaps.push_back({side, offset, item.varint()});
      } else if (id == static_cast<std::uint64_t>(ExtId::rules)) {
        out().rules = item.bytes(item.left());
      }
    }
    if (!items.ok()) x_built.degraded.gaps = true;
  }

  void set_connection() {
    if (x_meta.connection == 0) return;
    out().connection = x_chunk->connection(x_meta.connection, x_built.degraded.connection);
    if (out().connection) return;
    auto bare = std::make_shared<http::Connection>();
    bare->number = x_meta.connection;
    out().connection = std::move(bare);
  }

  void set_id() {
    const auto id = x_chunk->id(x_row);
    x_built.degraded.id = !id;
    out().id = id.value_or(http::ExchangeId{x_chunk->segment().recording, x_chunk->facts().next_ordinal + x_row});
  }

  TapeStore& x_store;
  const std::shared_ptr<const DecodedChunk>& x_chunk;
  const std::uint32_t x_row;
  const RowMeta& x_meta;
  const Bodies x_bodies;
  BuiltExchange x_built;
};

}  // namespace

void Degraded::count(std::map<std::string, std::uint64_t>& counts) const {
  const auto add = [&](bool gone, const char* kind) {
    if (gone) ++counts[kind];
  };
  add(request_body, "request_body");
  add(response_body, "response_body");
  add(response_head, "response_head");
  add(connection, "connection");
  add(trailers, "trailers");
  add(gaps, "gaps");
  add(id, "id");
}

Result<BuiltExchange> build_exchange(TapeStore& store, const std::shared_ptr<const DecodedChunk>& chunk,
                                     std::uint32_t row, Bodies bodies) {
  return Builder(store, chunk, row, bodies).build();
}

}  // namespace tapedeck::format
