// How a TapeWriter takes a row: its limits, where its bodies go, its flags.
#include <algorithm>
#include <array>

#include "format/format_error.hpp"
#include "format/summary_json.hpp"
#include "format/tape_writer_impl.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kMinDeduped = 256;
constexpr std::array kSides{http::Side::request, http::Side::response};

Result<void> check_limits(const http::Exchange& exchange) {
  const std::size_t head = std::max(exchange.request.head.size(), exchange.response.head.size());
  if (head > kMaxHead) return limit_error("head", head, kMaxHead);
  if (const std::size_t n = extra_size(exchange); n > kMaxExtra) return limit_error("trailers", n, kMaxExtra);
  if (const std::size_t n = ext_size(exchange); n > kMaxExt) return limit_error("list of gaps", n, kMaxExt);
  return {};
}

/// A prefix was kept if the lengths say so, whatever the flags say.
void settle_truncation(const http::Body& body, http::Side side, RowMeta& row, http::FlagSet& flags) {
  const http::Flag flag = side == http::Side::request ? http::Flag::request_truncated : http::Flag::response_truncated;
  if (body.state == http::BodyState::kept && body.wire_length && *body.wire_length != body.bytes.size())
    flags.set(flag);
  if (flags.has(flag) && body.wire_length) row.seen[static_cast<std::size_t>(side)] = *body.wire_length + 1;
}

const http::Body& body_of(const http::Exchange& exchange, http::Side side) {
  return side == http::Side::request ? exchange.request.body : exchange.response.body;
}

bool is_blob(const http::Body& body) { return body.state == http::BodyState::kept && body.bytes.size() > kInlineBody; }

}  // namespace

Error limit_error(std::string_view what, std::uint64_t size, std::uint64_t limit) {
  return make_error(errc::limit_exceeded, "cannot write the exchange: its " + std::string(what) + " of " +
                                              std::to_string(size) + " bytes is larger than a tape holds (" +
                                              std::to_string(limit) + " bytes); cut it first");
}

Result<http::ExchangeId> TapeWriter::Impl::append(const http::Exchange& exchange, Time now) {
  if (auto open = check_open(); !open) return open.error();
  if (auto fits = check_limits(exchange); !fits) return fits.error();
  if (builder.rows() > 0 && now - chunk_opened >= options.chunk_age) {
    if (auto closed = close_chunk(); !closed) return closed.error();
  }
  auto row = place_row(exchange);
  if (!row) return row.error();
  if (builder.rows() == 0) chunk_opened = now;
  const std::uint64_t ordinal = next_ordinal++;
  totals_add(exchange, http::FlagSet(row->flags));
  builder.add(exchange, std::move(*row), ordinal, chunks_in_epoch);
  last_row = std::max(last_row, to_ns(sort_time(exchange)));
  // The row is taken: if closing its chunk fails, the next call says so, and the row is among those lost.
  if (builder.size() >= options.chunk.bytes || builder.rows() >= kChunkRows) (void)close_chunk();
  const bool has_origin = exchange.id.recording != http::RecordingId{};
  return has_origin ? exchange.id : http::ExchangeId{recording, ordinal};
}

/// What the exchange itself does not say: where its bodies are, and its flags as stored.
Result<RowMeta> TapeWriter::Impl::place_row(const http::Exchange& exchange) {
  RowMeta row;
  http::FlagSet flags = exchange.flags;
  // Large bodies first: their parts can close the epoch, and the row goes into the one that is open then.
  for (const http::Side side : kSides) {
    settle_truncation(body_of(exchange, side), side, row, flags);
    if (!is_blob(body_of(exchange, side))) continue;
    auto place = write_blob(exchange, side);
    if (!place) return place.error();
    row.bodies[static_cast<std::size_t>(side)] = std::move(*place);
  }
  std::uint64_t index = builder.own_bodies();
  for (const http::Side side : kSides) {
    BodyPlace& place = row.bodies[static_cast<std::size_t>(side)];
    if (place.code == BodyCode::blob) {
      place.epochs_back = epoch - place.epochs_back;
    } else {
      place = place_body(body_of(exchange, side), index);
    }
    if (place.in_chunk()) ++index;
  }
  if (to_ns(sort_time(exchange)) < std::max(promised, options.sorted ? last_row : INT64_MIN)) {
    flags.set(http::Flag::late_row);
  }
  row.flags = flags.bits();
  return row;
}

void TapeWriter::Impl::totals_add(const http::Exchange& exchange, http::FlagSet flags) {
  add_exchange(totals, exchange, flags, {exchange.request.body.bytes.size(), exchange.response.body.bytes.size()});
}

/// `index`: that of the next body in the open chunk.
BodyPlace TapeWriter::Impl::place_body(const http::Body& body, std::uint64_t index) {
  BodyPlace place;
  switch (body.state) {
    case http::BodyState::none: return place;
    case http::BodyState::omitted:
      place.code = BodyCode::omitted;
      place.length = body.wire_length ? *body.wire_length + 1 : 0;
      place.omitted_because = static_cast<std::uint8_t>(body.omitted_because);
      if (body.sha256.size() == 32) place.sha256 = body.sha256;
      return place;
    case http::BodyState::kept: break;
  }
  place.code = BodyCode::in_column;
  place.length = body.bytes.size();
  if (body.bytes.size() < kMinDeduped) return place;
  const auto earlier = bodies.find_or_add(hash_of_body(body.bytes), {chunks_in_epoch, index});
  if (earlier) {
    place.code = BodyCode::equal;
    place.chunks_back = chunks_in_epoch - earlier->first;
    place.index = earlier->second;
  }
  return place;
}

/// Parts first, so that a row never names what is not there yet. epochs_back is the first part's epoch, for place_row.
Result<BodyPlace> TapeWriter::Impl::write_blob(const http::Exchange& exchange, http::Side side) {
  const std::string_view bytes = body_of(exchange, side).bytes;
  const std::uint64_t count = (bytes.size() + kInlineBody - 1) / kInlineBody;
  if (blobs_in_epoch > 0 && blobs_in_epoch + count > kEpochBlobs) {
    if (auto closed = close_epoch(); !closed) return closed.error();
  }
  const std::uint32_t first_epoch = epoch;
  BlobBody blob;
  blob.blob = next_blob++;
  blob.connection = exchange.connection ? exchange.connection->number : 0;
  blob.sequence = exchange.sequence;
  for (std::size_t at = 0; at < bytes.size(); at += kInlineBody) {
    const std::string_view part = bytes.substr(at, kInlineBody);
    blob.offset = at;
    blob.raw_len = static_cast<std::uint32_t>(part.size());
    blob.flags = static_cast<std::uint8_t>((at + part.size() == bytes.size() ? kBlobLast : 0) |
                                           (side == http::Side::request ? kBlobOfRequest : 0));
    blob.epoch = epoch;
    ++blobs_in_epoch;
    const auto same = parts.find_or_add(hash_of_body(part), {blob.blob, blob.part});
    blob.same_blob = same ? same->first : 0;
    blob.same_part = same ? static_cast<std::uint32_t>(same->second) : 0;
    const std::string_view own = same ? std::string_view() : part;
    if (auto submitted = submit({RecordType::blob, encode(blob), std::string(own), {}, {}, false}); !submitted) {
      return submitted.error();
    }
    ++blob.part;
    if (blobs_in_epoch >= kEpochBlobs) {
      if (auto closed = close_epoch(); !closed) return closed.error();
    }
  }
  BodyPlace place;
  place.code = BodyCode::blob;
  place.length = bytes.size();
  place.blob = blob.blob;
  place.epochs_back = first_epoch;
  return place;
}

}  // namespace tapedeck::format
