// TapeReader: one exchange, by its id.
#include <algorithm>
#include <vector>

#include "base/whole_number.hpp"
#include "format/exchange_builder.hpp"
#include "format/format_error.hpp"
#include "format/indexes.hpp"
#include "format/tape_reader_impl.hpp"

namespace tapedeck::format {

/// What a person calls an exchange: `3f9c0a1b-1742`, or `1742`.
struct WantedId {
  std::string prefix;  // empty: any recording
  std::uint64_t ordinal = 0;
};

namespace {

std::optional<WantedId> parse_id(std::string_view text) {
  WantedId wanted;
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    wanted.prefix = text.substr(0, dash);
    text.remove_prefix(dash + 1);
    if (wanted.prefix.empty()) return std::nullopt;
  }
  const auto ordinal = whole_number<std::uint64_t>(text);
  if (!ordinal) return std::nullopt;
  wanted.ordinal = *ordinal;
  return wanted;
}

bool matches(const WantedId& wanted, const http::ExchangeId& id) {
  if (id.ordinal != wanted.ordinal) return false;
  return wanted.prefix.empty() || http::to_string(id) == wanted.prefix + "-" + std::to_string(wanted.ordinal);
}

std::optional<std::uint32_t> row_of(const DecodedChunk& chunk, const WantedId& wanted) {
  if (!chunk.rows()) return std::nullopt;
  for (std::uint32_t row = 0; row < chunk.rows()->size(); ++row) {
    const auto id = chunk.id(row);
    if (has_ordinal((*chunk.rows())[row]) && id && matches(wanted, *id)) return row;
  }
  return std::nullopt;
}

Result<std::optional<StoredExchange>> find_in(TapeStore& store, ChunkRef ref, const WantedId& wanted, Bodies bodies) {
  const auto ids = store.ids(ref);
  if (!ids) return ids.error();
  const auto row = row_of(**ids, wanted);
  if (!row) return std::optional<StoredExchange>();
  const auto chunk = store.chunk(ref);
  if (!chunk) return chunk.error();
  if (!(*chunk)->rows()) return std::optional<StoredExchange>();
  auto built = build_exchange(store, *chunk, *row, bodies);
  if (!built) return built.error();
  return built->lost ? std::optional<StoredExchange>()
                     : std::optional(StoredExchange{std::move(built->exchange), built->left});
}

bool holds(std::uint64_t first, std::uint64_t exchanges, std::uint64_t ordinal) {
  return ordinal >= first && ordinal - first < exchanges;
}

/// The only epoch whose own ordinals say that the exchange is there; nothing if there is none, or several.
std::optional<EpochRef> only_epoch(const SealedTape& tape, const WantedId& wanted) {
  std::optional<EpochRef> place;
  for (std::size_t s = 0; s < tape.segments.size(); ++s) {
    const SealedSegment& segment = tape.segments[s];
    // A bare ordinal means something in a tape of one recording only.
    if (wanted.prefix.empty() && segment.id.recording != tape.segments.front().id.recording) return std::nullopt;
    if (!matches(wanted, {segment.id.recording, wanted.ordinal})) continue;
    for (std::size_t e = 0; e < segment.map.epochs.size(); ++e) {
      if (!holds(segment.map.epochs[e].first_ordinal, segment.map.epochs[e].exchanges, wanted.ordinal)) continue;
      if (place) return std::nullopt;
      place = EpochRef{s, e};
    }
  }
  return place;
}

/// Whether all of it stands in its own epoch.
bool is_self_contained(const RowMeta& row) {
  return row.kind == RowKind::whole && std::all_of(row.bodies.begin(), row.bodies.end(), [](const BodyPlace& body) {
           return body.code != BodyCode::blob && body.code != BodyCode::blob_open;
         });
}

}  // namespace

/// With one INDEX. Nothing if it takes more to tell.
Result<std::optional<StoredExchange>> TapeReader::Impl::find_in_epoch(const WantedId& wanted, Bodies bodies) const {
  const std::optional<StoredExchange> nothing;
  const auto place = only_epoch(*sealed, wanted);
  if (!place) return nothing;
  auto index = read_index(*file, *sealed, *place);
  if (!index) return index.error();
  if (!*index) return nothing;
  TapeStore epoch(file, std::make_shared<const ScanResult>(std::move(**index)));
  const auto& chunks = epoch.map().recordings.front().segments.front().chunks;
  for (std::uint32_t c = 0; c < chunks.size(); ++c) {
    if (!holds(chunks[c].facts.next_ordinal, chunks[c].facts.exchanges, wanted.ordinal)) continue;
    const auto chunk = epoch.chunk({0, 0, c});
    if (!chunk) return chunk.error();
    const auto row = row_of(**chunk, wanted);
    if (!row || !is_self_contained((*(*chunk)->rows())[*row])) return nothing;
    auto built = build_exchange(epoch, *chunk, *row, bodies);
    if (!built) return built.error();
    const bool is_good = !built->lost && epoch.report().damaged.empty();
    return is_good ? std::optional(StoredExchange{std::move(built->exchange), built->left}) : nothing;
  }
  return nothing;
}

/// The chunk whose own ordinals say so first; then all, for rows that came from elsewhere keep their first ids.
Result<std::optional<StoredExchange>> TapeReader::Impl::find_in_rows(std::string_view id, const WantedId& wanted,
                                                                     Bodies bodies) {
  const auto all = rows();
  if (!all) return all.error();
  TapeStore& chunks_of = **all;
  std::vector<ChunkRef> likely;
  std::vector<ChunkRef> others;
  const TapeMap& map = chunks_of.map();
  for (std::uint32_t r = 0; r < map.recordings.size(); ++r) {
    const bool may_be = matches(wanted, {map.recordings[r].id, wanted.ordinal});
    for (std::uint32_t s = 0; s < map.recordings[r].segments.size(); ++s) {
      const auto& chunks = map.recordings[r].segments[s].chunks;
      for (std::uint32_t c = 0; c < chunks.size(); ++c) {
        const bool here = may_be && holds(chunks[c].facts.next_ordinal, chunks[c].facts.exchanges, wanted.ordinal);
        (here ? likely : others).push_back({r, s, c});
      }
    }
  }
  std::optional<StoredExchange> found;
  for (const auto* list : {&likely, &others}) {
    for (const ChunkRef ref : *list) {
      auto here = find_in(chunks_of, ref, wanted, bodies);
      if (!here) return here.error();
      if (!*here) continue;
      if (!wanted.prefix.empty()) return here;
      if (found && found->exchange.id != (*here)->exchange.id) {
        return make_error(errc::not_found, file->name + ": holds several recordings, and " + std::string(id) +
                                               " is in more than one: give the whole id, like " +
                                               http::to_string(found->exchange.id));
      }
      found = std::move(**here);
    }
    if (found && map.recordings.size() == 1) break;
  }
  return found;
}

Result<StoredExchange> TapeReader::Impl::find(std::string_view id, Bodies bodies) {
  const auto wanted = parse_id(id);
  if (!wanted) {
    return make_error(
        errc::not_found,
        "\"" + std::string(id) + "\" is no exchange's id: give one as `tapedeck list` prints it, like 3f9c0a1b-1742");
  }
  // Whoever asks more than once gets all indexes read.
  if (sealed && !rows_at && !std::exchange(looked_up, true)) {
    auto quick = find_in_epoch(*wanted, bodies);
    if (!quick) return quick.error();
    if (*quick) return std::move(**quick);
  }
  auto found = find_in_rows(id, *wanted, bodies);
  if (!found) return found.error();
  if (*found) return std::move(**found);
  return make_error(errc::not_found,
                    file->name + ": holds no exchange " + std::string(id) + ": `tapedeck list` shows those it holds");
}

Result<http::Exchange> TapeReader::find(std::string_view id) {
  auto found = x_impl->find(id, Bodies::load);
  if (!found) return found.error();
  return std::move(found->exchange);
}

Result<StoredExchange> TapeReader::find_stored(std::string_view id) { return x_impl->find(id, Bodies::refer); }

Result<void> TapeReader::read_body(const BodyRef& body, const BodyVisitor& visit) {
  const auto store = x_impl->rows();
  if (!store) return store.error();
  const auto walked = (*store)->walk_blob(body.recording, body.blob, body.length, Depth::decoded, visit);
  if (!walked) return walked.error();
  if (walked->length == body.length) return {};
  return make_error(errc::damaged, x_impl->file->name + ": a body of " + std::to_string(body.length) +
                                       " bytes breaks off after " + std::to_string(walked->length) +
                                       ": `tapedeck verify` shows what else is damaged");
}

}  // namespace tapedeck::format
