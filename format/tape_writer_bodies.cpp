// Where a TapeWriter puts bodies: into the chunk, as a reference to an equal one, or in parts of their own.
#include "format/compressibility.hpp"
#include "format/format_error.hpp"
#include "format/tape_writer_impl.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kMinDeduped = 256;

bool is_large(const http::Body& body) { return body.state == http::BodyState::kept && body.bytes.size() > kInlineBody; }

BlobNumber& number_of(StreamedBodies& streamed, http::Side side) {
  return side == http::Side::request ? streamed.request : streamed.response;
}

bool has_side(const RowParts& parts, RowKind kind, http::Side side) {
  // An opening row says where a request's body is even while it is under way.
  if (side == http::Side::request) return parts.request_rest || kind == RowKind::opening;
  return parts.response;
}

}  // namespace

BodyPart part_of(const http::Exchange& exchange, http::Side side, std::string bytes) {
  BodyPart part;
  part.side = side;
  part.connection = exchange.connection ? exchange.connection->number : 0;
  part.sequence = exchange.sequence;
  part.bytes = std::move(bytes);
  return part;
}

/// Parts first, so that a row never names what is not there yet. They can close the epoch: the row goes into the one
/// that is open then.
Result<void> TapeWriter::Impl::place_bodies(const http::Exchange& exchange, StreamedBodies streamed,
                                            const RowParts& parts, RowMeta& row) {
  if (auto finished = finish_blobs(exchange, streamed, parts, row.kind); !finished) return finished;
  std::uint64_t index = builder.own_bodies();
  for (const http::Side side : http::kSides) {
    if (!has_side(parts, row.kind, side)) continue;
    BodyPlace& place = row.bodies[index_of(side)];
    const BlobNumber number = number_of(streamed, side);
    place = number != 0 ? place_blob(number, message_of(exchange, side).body, side, row.kind)
                        : place_body(message_of(exchange, side).body, index);
    if (place.in_chunk()) ++index;
  }
  return {};
}

/// Writes large bodies, and the last part of those that came in parts.
Result<void> TapeWriter::Impl::finish_blobs(const http::Exchange& exchange, StreamedBodies& streamed,
                                            const RowParts& parts, RowKind kind) {
  for (const http::Side side : http::kSides) {
    if (!has_side(parts, kind, side)) continue;
    BlobNumber& number = number_of(streamed, side);
    if (number == 0 && is_large(message_of(exchange, side).body)) {
      auto written = write_blob(exchange, side);
      if (!written) return written.error();
      number = *written;
    }
    if (number == 0) continue;
    const auto open = open_blobs.find(number);
    if (open == open_blobs.end()) {
      return make_error(errc::not_found, "cannot write the exchange: its body " + std::to_string(number) +
                                             " in parts is not known, or was interrupted");
    }
    // A body that goes on behind its row has a first part at least, so that the row can say in which epoch.
    const bool goes_on = kind == RowKind::opening;
    if (open->second.ended || (goes_on && open->second.parts != 0)) continue;
    BodyPart last = part_of(exchange, side);
    last.cut_short = exchange.flags.has(http::Flag::cut_off);
    if (auto ended = write_part(number, last, {}, !goes_on); !ended) return ended;
  }
  return {};
}

BodyPlace TapeWriter::Impl::place_blob(BlobNumber number, const http::Body& body, http::Side side, RowKind kind) {
  const OpenBlob blob = open_blobs.at(number);
  const bool is_final = kind != RowKind::opening || blob.ended;
  // A request's can be lost with the completion row that names it, and is named by another then.
  if (is_final && (kind != RowKind::completion || side == http::Side::response)) open_blobs.erase(number);
  BodyPlace place;
  if (is_final &&
      (body.state == http::BodyState::omitted || (body.state == http::BodyState::none && blob.bytes == 0))) {
    return place_body(body, 0);
  }
  place.code = is_final ? BodyCode::blob : BodyCode::blob_open;
  place.length = blob.bytes;
  place.blob = number;
  place.epochs_back = epoch - blob.first_epoch;
  return place;
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
  place.code = looks_incompressible(body.bytes) ? BodyCode::stored : BodyCode::in_column;
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

Result<BlobNumber> TapeWriter::Impl::write_blob(const http::Exchange& exchange, http::Side side) {
  const std::string_view bytes = message_of(exchange, side).body.bytes;
  const std::uint64_t count = (bytes.size() + kInlineBody - 1) / kInlineBody;
  if (blobs_in_epoch > 0 && blobs_in_epoch + count > kEpochBlobs) {
    if (auto closed = close_epoch(); !closed) return closed.error();
  }
  const BlobNumber number = next_blob++;
  open_blobs.try_emplace(number);
  const BodyPart whole = part_of(exchange, side);
  for (std::size_t at = 0; at < bytes.size(); at += kInlineBody) {
    const std::string_view part = bytes.substr(at, kInlineBody);
    const bool last = at + part.size() == bytes.size();
    if (auto written = write_part(number, whole, std::string(part), last); !written) return written.error();
  }
  return number;
}

Result<void> TapeWriter::Impl::append_body(BlobNumber number, BodyPart part) {
  if (auto open = check_open(); !open) return open;
  const auto found = open_blobs.find(number);
  if (found == open_blobs.end() || found->second.ended) {
    return make_error(errc::not_found, "cannot go on with body " + std::to_string(number) +
                                           ": it is not open, or was interrupted by trouble with the tape");
  }
  std::string bytes = std::move(part.bytes);
  std::size_t at = 0;
  for (; bytes.size() - at > kInlineBody; at += kInlineBody) {
    if (auto written = write_part(number, part, bytes.substr(at, kInlineBody), false); !written) return written;
  }
  if (at > 0) bytes = bytes.substr(at);  // lets go of the rest of its memory
  return write_part(number, part, std::move(bytes), part.last);
}

/// `of` says whose part it is; its bytes are not looked at.
Result<void> TapeWriter::Impl::write_part(BlobNumber number, const BodyPart& of, std::string bytes, bool last) {
  OpenBlob& open = open_blobs.at(number);
  if (open.parts == 0) open.first_epoch = epoch;
  BlobBody blob;
  blob.blob = number;
  blob.offset = open.bytes;
  blob.connection = of.connection;
  blob.sequence = of.sequence;
  blob.part = open.parts;
  blob.raw_len = static_cast<std::uint32_t>(bytes.size());
  blob.flags = static_cast<std::uint8_t>((last ? kBlobLast : 0) | (last && of.cut_short ? kBlobCutShort : 0) |
                                         (of.side == http::Side::request ? kBlobOfRequest : 0));
  blob.epoch = epoch;
  const auto same =
      bytes.size() < kMinDeduped ? std::nullopt : known_parts.find_or_add(hash_of_body(bytes), {number, open.parts});
  if (same) {
    blob.same_blob = same->first;
    blob.same_part = static_cast<std::uint32_t>(same->second);
    bytes.clear();
  }
  ++open.parts;
  open.bytes += blob.raw_len;
  open.ended = last;
  ++blobs_in_epoch;
  if (auto submitted = submit({RecordType::blob, encode(blob), std::move(bytes), {}, {}, false}); !submitted) {
    return submitted;
  }
  return blobs_in_epoch >= kEpochBlobs ? close_epoch() : Result<void>();
}

}  // namespace tapedeck::format
