#include "format/exchange_builder.hpp"

#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

/// A row, and the chunk it stands in.
struct Row {
  std::shared_ptr<const DecodedChunk> chunk;
  std::uint32_t row = 0;
  const RowMeta& meta() const { return (*chunk->rows())[row]; }
  const DecodedChunk::RowPlace& place() const { return chunk->place(row); }
};

class Builder {
 public:
  Builder(TapeStore& store, const std::shared_ptr<const DecodedChunk>& chunk, std::uint32_t row, Bodies bodies)
      : x_store(store), x_first{chunk, row}, x_last(x_first), x_bodies(bodies) {}

  Result<BuiltExchange> build() {
    if (auto joined = join(); !joined) return joined.error();
    x_store.name_blobs_of(x_first.chunk->ref().recording, x_first.meta());
    x_store.name_blobs_of(x_last.chunk->ref().recording, x_last.meta());
    set_facts();
    if (auto heads = set_heads(); !heads) return heads.error();
    if (x_built.lost) return std::move(x_built);
    if (auto set = set_body(request_row(), http::Side::request); !set) return set.error();
    if (!x_cut_off) {
      if (auto set = set_body(x_last, http::Side::response); !set) return set.error();
    }
    set_extra(x_first);
    set_ext(x_first);
    if (is_joined()) {
      set_extra(x_last);
      set_ext(x_last);
    }
    set_connection();
    set_id();
    return std::move(x_built);
  }

 private:
  http::Exchange& out() { return x_built.exchange; }
  http::Message& message(http::Side side) { return message_of(out(), side); }
  bool is_joined() const { return x_last.meta().kind == RowKind::completion; }
  bool request_is_open() const { return x_first.meta().bodies[0].code == BodyCode::blob_open; }
  /// The row that knows where the request's body is in the end.
  const Row& request_row() const { return request_is_open() ? x_last : x_first; }

  Result<void> join() {
    if (x_first.meta().kind != RowKind::opening) return {};
    const std::uint32_t recording = x_first.chunk->ref().recording;
    auto completion = x_store.completion(recording, x_first.chunk->ordinal(x_first.row));
    if (!completion) return completion.error();
    if (*completion && (*completion)->chunk) {
      x_last = {std::move((*completion)->chunk), (*completion)->row};
    } else {
      x_cut_off = true;
      x_built.completion_lost = completion->has_value();
    }
    return {};
  }

  void set_facts() {
    x_built.recording = x_first.chunk->ref().recording;
    const RowMeta& first = x_first.meta();
    const RowMeta& last = x_last.meta();
    http::Exchange& e = out();
    e.sequence = static_cast<std::uint32_t>(first.sequence);
    e.stream = static_cast<std::uint32_t>(first.stream);
    e.version = static_cast<http::Version>(first.version);
    e.status = static_cast<std::uint16_t>(last.status);
    e.flags = http::FlagSet(last.flags);
    e.reason = static_cast<http::Reason>(last.reason);
    e.request.first = time_from_ns(first.request_first);
    e.request.last = time_from_ns(last.request_last);
    e.response.first = time_from_ns(last.response_first);
    e.response.last = time_from_ns(last.response_last);
    if (!x_cut_off) return;
    e.status = 0;
    e.flags.set(http::Flag::cut_off);
    e.flags.set(http::Flag::response_missing);
    if (e.reason == http::Reason::none) e.reason = http::Reason::cut_off;
  }

  Result<void> set_heads() {
    auto request =
        head(x_first, Column::request_heads, x_first.place().request_head, x_first.meta().request_head_bytes);
    if (!request) return request.error();
    x_built.lost = !*request;
    if (x_built.lost) return {};
    out().request.head = std::move(**request);
    if (x_cut_off) return {};
    auto response =
        head(x_last, Column::response_heads, x_last.place().response_head, x_last.meta().response_head_bytes);
    if (!response) return response.error();
    x_built.degraded.response_head = !*response;
    if (*response) out().response.head = std::move(**response);
    return {};
  }

  /// Nothing if it cannot be rebuilt to the byte.
  Result<std::optional<std::string>> head(const Row& of, Column id, std::uint32_t at, std::uint64_t length) {
    const std::optional<std::string> nothing;
    if (length == 0) return std::optional(std::string());
    const auto bytes = of.chunk->bytes(id, at, length);
    if (!bytes) return nothing;
    WireReader pieces(*bytes);
    thread_local std::string head;  // keeps its room: what is handed out is then of the right size at once
    head.clear();
    while (!pieces.at_end()) {
      const std::uint64_t n = pieces.varint();
      if (n % 2 == 0) {
        head += pieces.bytes(n / 2);
      } else {
        const auto value = interned(of.chunk, n / 2, pieces.varint());
        if (!value) return value.error();
        if (!*value) return nothing;
        head += **value;
      }
      if (!pieces.ok() || head.size() > kMaxHead) return nothing;
    }
    return std::optional(head);
  }

  /// A value of a chunk so many before; valid until the store is asked for another.
  Result<std::optional<std::string_view>> interned(const std::shared_ptr<const DecodedChunk>& chunk, std::uint64_t back,
                                                   std::uint64_t index) {
    if (back == 0) return chunk->value(index);
    const auto from = x_store.earlier(chunk, back);
    if (!from) return from.error();
    return *from ? (*from)->value(index) : std::nullopt;
  }

  std::uint64_t& kept(http::Side side) {
    return side == http::Side::request ? x_built.kept.request : x_built.kept.response;
  }

  Result<void> set_body(const Row& of, http::Side side) {
    const BodyPlace& place = of.meta().bodies[index_of(side)];
    http::Body& body = message(side).body;
    const bool is_truncated = out().flags.has(truncated_flag(side));
    if (const std::uint64_t seen = x_last.meta().seen[index_of(side)]; is_truncated && seen != 0) {
      body.wire_length = seen - 1;
    }
    if (place.code == BodyCode::none) return {};
    if (place.code == BodyCode::blob_open) return set_unfinished(place, side);
    if (place.code == BodyCode::omitted) {
      set_omitted(place, body);
      return {};
    }
    const bool unusable = side == http::Side::response && x_built.degraded.response_head;
    if (!unusable && place.code == BodyCode::blob) return set_blob(of, place, side);
    auto bytes = unusable ? std::optional<std::string>() : fetch(of, place, side);
    if (!bytes) return bytes.error();
    if (!*bytes) {
      mark_damaged(side, place, body);
      return {};
    }
    body.state = http::BodyState::kept;
    body.bytes = std::move(**bytes);
    kept(side) = place.length;
    if (x_bodies == Bodies::skip && !body.wire_length) body.wire_length = place.length;
    return {};
  }

  Result<void> set_blob(const Row& of, const BodyPlace& place, http::Side side) {
    http::Body& body = message(side).body;
    const auto seen = body.wire_length;
    const auto walked = take_blob({of.chunk->ref().recording, place.blob, place.length, {}}, side);
    if (!walked) return walked.error();
    if (walked->length == place.length) return {};
    body = {};
    body.wire_length = seen;
    kept(side) = 0;
    x_built.left[index_of(side)] = {};
    mark_damaged(side, place, body);
    return {};
  }

  /// A request's body that was under way when the recording broke off: what there is of it.
  Result<void> set_unfinished(const BodyPlace& place, http::Side side) {
    const std::uint32_t recording = x_first.chunk->ref().recording;
    const Depth depth = x_bodies == Bodies::skip || x_bodies == Bodies::load ? Depth::headers : Depth::stored;
    const auto there = x_store.walk_blob(recording, place.blob, UINT64_MAX, depth);
    if (!there) return there.error();
    const auto walked = take_blob({recording, place.blob, there->length, {}}, side);
    if (!walked) return walked.error();
    if (!there->whole || walked->length < there->length) out().flags.set(http::Flag::request_truncated);
    return {};
  }

  /// A body in parts, as far as it is there: into the exchange, or left on the tape. One that is not wanted whole is
  /// taken for there.
  Result<TapeStore::Walked> take_blob(BodyRef ref, http::Side side) {
    http::Body& body = message(side).body;
    const BodyLimits& limits = x_store.limits();
    const bool is_left = (x_bodies == Bodies::refer || x_bodies == Bodies::check) && ref.length > limits.large.bytes;
    if (x_bodies == Bodies::load && ref.length > limits.whole.bytes) {
      body.state = http::BodyState::omitted;
      body.omitted_because = http::OmittedBecause::limit;
      if (!body.wire_length) body.wire_length = ref.length;
      return TapeStore::Walked{ref.length, true};
    }
    const Depth depth = x_bodies == Bodies::skip               ? Depth::headers
                        : is_left && x_bodies != Bodies::check ? Depth::stored
                                                               : Depth::decoded;
    const auto append = [&body](std::string_view piece) -> Result<void> {
      body.bytes += piece;
      return {};
    };
    const bool is_loaded = !is_left && x_bodies != Bodies::skip;
    auto walked =
        x_store.walk_blob(ref.recording, ref.blob, ref.length, depth, is_loaded ? BodyVisitor(append) : nullptr);
    if (!walked) return walked.error();
    body.state = http::BodyState::kept;
    kept(side) = walked->length;
    if (is_left) {
      ref.seen = body.wire_length;
      ref.length = walked->length;
      x_built.left[index_of(side)] = ref;
    }
    if (!is_loaded && !body.wire_length) body.wire_length = walked->length;
    return walked;
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
  Result<std::optional<std::string>> fetch(const Row& of, const BodyPlace& place, http::Side side) {
    switch (place.code) {
      case BodyCode::equal: return fetch_equal(of, place);
      default: return fetch_own(of, place, side);
    }
  }

  Result<std::optional<std::string>> fetch_equal(const Row& of, const BodyPlace& place) {
    const auto from = x_store.earlier(of.chunk, place.chunks_back);
    if (!from) return from.error();
    if (!*from || (*from)->own_body_length(place.index) != place.length) return std::optional<std::string>();
    if (x_bodies == Bodies::skip) return present(true);
    return copy((*from)->own_body(place.index));
  }

  Result<std::optional<std::string>> fetch_own(const Row& of, const BodyPlace& place, http::Side side) {
    const Column id = place.code == BodyCode::stored ? Column::stored
                      : side == http::Side::request  ? Column::request_bodies
                                                     : Column::response_bodies;
    if (x_bodies == Bodies::skip) return present(of.chunk->has(id));
    return copy(of.chunk->body_bytes(of.row, side));
  }

  static std::optional<std::string> present(bool yes) { return yes ? std::optional(std::string()) : std::nullopt; }
  static std::optional<std::string> copy(std::optional<std::string_view> bytes) {
    return bytes ? std::optional(std::string(*bytes)) : std::nullopt;
  }

  void set_extra(const Row& of) {
    if (of.meta().extra_bytes == 0) return;
    const auto bytes = of.chunk->bytes(Column::extra, of.place().extra, of.meta().extra_bytes);
    if (!bytes) x_built.degraded.trailers = true;
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

  void set_ext(const Row& of) {
    if (of.meta().ext_bytes == 0) return;
    const auto bytes = of.chunk->bytes(Column::ext, of.place().ext, of.meta().ext_bytes);
    if (!bytes) x_built.degraded.gaps = true;
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
    const std::uint64_t number = x_first.meta().connection;
    if (number == 0) return;
    out().connection = x_first.chunk->connection(number, x_built.degraded.connection);
    if (out().connection) return;
    auto bare = std::make_shared<http::Connection>();
    bare->number = number;
    out().connection = std::move(bare);
  }

  void set_id() {
    const auto id = x_first.chunk->id(x_first.row);
    x_built.degraded.id = !id;
    out().id = id.value_or(http::ExchangeId{x_first.chunk->segment().recording, x_first.chunk->ordinal(x_first.row)});
  }

  TapeStore& x_store;
  const Row x_first;       // whole or opening
  Row x_last;              // whole or completion; an opening that was not completed
  bool x_cut_off = false;  // an opening that was not completed
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
