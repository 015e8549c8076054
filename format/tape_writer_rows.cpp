// How a TapeWriter takes rows: their limits, their flags, exchanges in one row or in two.
#include <algorithm>

#include "format/format_error.hpp"
#include "format/summary_json.hpp"
#include "format/tape_writer_impl.hpp"

namespace tapedeck::format {
namespace {

Result<void> check_limits(const http::Exchange& exchange) {
  const std::size_t head = std::max(exchange.request.head.size(), exchange.response.head.size());
  if (head > kMaxHead) return limit_error("head", head, kMaxHead);
  if (const std::size_t n = extra_size(exchange); n > kMaxExtra) return limit_error("trailers", n, kMaxExtra);
  if (const std::size_t n = ext_size(exchange); n > kMaxExt) return limit_error("list of gaps", n, kMaxExt);
  return {};
}

/// Whether bytes of the body are on the tape, and how many.
std::optional<std::uint64_t> kept_length(const BodyPlace& place) {
  switch (place.code) {
    case BodyCode::none:
    case BodyCode::omitted:
    case BodyCode::blob_open: return std::nullopt;
    default: return place.length;
  }
}

/// A prefix was kept if the lengths say so, whatever the flags say.
void settle_truncation(const http::Body& body, http::Side side, RowMeta& row, http::FlagSet& flags) {
  const http::Flag flag = truncated_flag(side);
  const auto kept = kept_length(row.bodies[index_of(side)]);
  if (kept && body.wire_length && *body.wire_length != *kept) flags.set(flag);
  if (flags.has(flag) && body.wire_length) row.seen[index_of(side)] = *body.wire_length + 1;
}

KeptBytes kept_bytes(const RowMeta& row) {
  return {kept_length(row.bodies[0]).value_or(0), kept_length(row.bodies[1]).value_or(0)};
}

http::Endpoint endpoint_of(const http::Exchange& exchange) {
  const http::RequestLine line = http::request_line_of(exchange.request.head);
  return http::endpoint_of(line.method, line.target);
}

/// What is left to say of an exchange of which nothing more will come.
http::Exchange cut_off_exchange(const OpenRow& open, http::Reason reason) {
  http::Exchange rest;
  rest.flags = open.flags;
  rest.flags.set(http::Flag::cut_off);
  rest.flags.set(http::Flag::response_missing);
  rest.reason = reason;
  rest.request.first = time_from_ns(open.names.request_first);
  rest.request.last = rest.response.first = rest.response.last = open.request_last;
  if (open.request_blob == 0) return rest;
  rest.flags.set(http::Flag::request_truncated);
  rest.request.body.state = http::BodyState::kept;
  return rest;
}

}  // namespace

Error limit_error(std::string_view what, std::uint64_t size, std::uint64_t limit) {
  return make_error(errc::limit_exceeded, "cannot write the exchange: its " + std::string(what) + " of " +
                                              std::to_string(size) + " bytes is larger than a tape holds (" +
                                              std::to_string(limit) + " bytes); cut it first");
}

Result<void> TapeWriter::Impl::before_row(const http::Exchange& exchange, Time now) {
  if (auto open = check_open(); !open) return open;
  if (auto fits = check_limits(exchange); !fits) return fits;
  if (builder.rows() > 0 && now - chunk_opened >= options.chunk_age) return close_chunk();
  return {};
}

Result<http::ExchangeId> TapeWriter::Impl::append(const http::Exchange& exchange, Time now, StreamedBodies streamed) {
  if (auto ready = before_row(exchange, now); !ready) return ready.error();
  RowMeta row;
  if (auto placed = place_bodies(exchange, streamed, {}, row); !placed) return placed.error();
  set_flags(exchange, row);
  add_exchange(totals, exchange, http::FlagSet(row.flags), kept_bytes(row));
  return take_row(exchange, std::move(row), {}, now);
}

Result<http::ExchangeId> TapeWriter::Impl::open(const http::Exchange& exchange, Time now, StreamedBodies streamed) {
  if (auto ready = before_row(exchange, now); !ready) return ready.error();
  if (options.sorted)
    return make_error(errc::not_supported, "a sorted tape has whole rows only: append() the exchange");
  RowMeta row;
  row.kind = RowKind::opening;
  const auto blob = open_blobs.find(streamed.request);
  const bool is_open = blob != open_blobs.end() && !blob->second.ended;
  const RowParts parts{true, !is_open, false};
  if (auto placed = place_bodies(exchange, streamed, parts, row); !placed) return placed.error();
  set_flags(exchange, row);
  const OpenRow draft{{},
                      http::FlagSet(row.flags),
                      exchange.request.last,
                      endpoint_of(exchange),
                      kept_bytes(row).request,
                      is_open ? streamed.request : 0,
                      {},
                      false};
  OpenRow& open = open_rows.emplace(next_ordinal, draft).first->second;
  open.names.kind = RowKind::completion;
  set_names(exchange, open.names);
  return take_row(exchange, std::move(row), parts, now);
}

Result<std::uint64_t> TapeWriter::Impl::complete(const http::ExchangeId& id, const http::Exchange& exchange, Time now,
                                                 StreamedBodies streamed) {
  if (auto ready = before_row(exchange, now); !ready) return ready.error();
  const auto found = open_rows.find(id.ordinal);
  if (id.recording != recording || found == open_rows.end() || found->second.completing) {
    return make_error(errc::not_found, "cannot complete exchange " + http::to_string(id) + ": it is not open");
  }
  OpenRow& open = found->second;
  RowMeta row = open.names;
  const RowParts parts{false, open.request_blob != 0, true};
  if (auto placed = place_bodies(exchange, streamed, parts, row); !placed) return placed.error();
  set_flags(exchange, row);
  if (open.flags.has(http::Flag::late_row)) {
    http::FlagSet flags(row.flags);
    flags.set(http::Flag::late_row);
    row.flags = flags.bits();
  }
  KeptBytes kept = kept_bytes(row);
  kept.request += open.kept_request;
  add_exchange(totals, exchange, open.endpoint, http::FlagSet(row.flags), kept);
  const std::uint64_t number = next_completion;
  take_completion(id.ordinal, exchange, std::move(row), parts, now);
  return number;
}

Result<void> TapeWriter::Impl::cut_off(http::Reason reason, Time now) {
  if (auto open = check_open(); !open) return open;
  std::vector<std::uint64_t> ordinals;
  for (const auto& [ordinal, row] : open_rows) {
    if (!row.completing) ordinals.push_back(ordinal);
  }
  // The sink can take completions while this goes on; those of the ordinals listed come one by one.
  for (const std::uint64_t ordinal : ordinals) {
    if (auto cut = cut_off_one(ordinal, open_rows.at(ordinal), reason, now); !cut) return cut;
  }
  return {};
}

Result<void> TapeWriter::Impl::cut_off_one(std::uint64_t ordinal, const OpenRow& open, http::Reason reason, Time now) {
  if (open.request_body.parts != 0) open_blobs.try_emplace(open.request_blob, open.request_body);
  const StreamedBodies streamed{open.request_blob, 0};
  const auto cut = complete({recording, ordinal}, cut_off_exchange(open, reason), now, streamed);
  return cut ? Result<void>() : cut.error();
}

/// Flags as stored. The bodies are placed.
void TapeWriter::Impl::set_flags(const http::Exchange& exchange, RowMeta& row) const {
  http::FlagSet flags = exchange.flags;
  for (const http::Side side : http::kSides) settle_truncation(message_of(exchange, side).body, side, row, flags);
  const bool is_late = to_ns(sort_time(exchange)) < std::max(promised, options.sorted ? last_row : INT64_MIN);
  if (has_ordinal(row) && is_late) flags.set(http::Flag::late_row);
  row.flags = flags.bits();
}

http::ExchangeId TapeWriter::Impl::take_row(const http::Exchange& exchange, RowMeta row, const RowParts& parts,
                                            Time now) {
  if (builder.rows() == 0) chunk_opened = now;
  const std::uint64_t ordinal = next_ordinal++;
  builder.add(exchange, std::move(row), parts, ordinal, chunks_in_epoch);
  last_row = std::max(last_row, to_ns(sort_time(exchange)));
  close_if_full();
  const bool has_origin = exchange.id.recording != http::RecordingId{};
  return has_origin ? exchange.id : http::ExchangeId{recording, ordinal};
}

void TapeWriter::Impl::take_completion(std::uint64_t ordinal, const http::Exchange& exchange, RowMeta row,
                                       const RowParts& parts, Time now) {
  if (builder.rows() == 0) chunk_opened = now;
  open_rows.at(ordinal).completing = true;
  completing.push_back(ordinal);
  ++next_completion;
  row.completes = next_ordinal - ordinal;
  builder.add(exchange, std::move(row), parts, ordinal, chunks_in_epoch);
  close_if_full();
}

/// The row is taken: if closing its chunk fails, the next call says so, and the row is among those lost.
void TapeWriter::Impl::close_if_full() {
  if (builder.size() >= options.chunk.bytes || builder.rows() >= kChunkRows) (void)close_chunk();
}

}  // namespace tapedeck::format
