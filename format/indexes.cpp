#include "format/indexes.hpp"

#include "format/whole_record.hpp"

namespace tapedeck::format {
namespace {

constexpr std::uint64_t kAtOnce = 32u << 10;  // more than the INDEX of 256 chunks takes

/// The INDEXes of one segment.
class IndexReader {
 public:
  IndexReader(const TapeFile& file, const SealedTape& tape, const SealedSegment& segment)
      : x_file(&file), x_tape(&tape), x_segment(&segment), x_map(segment.map) {}

  /// False at a surprise.
  Result<bool> read(std::size_t place) {
    const SummaryEpoch& epoch = x_segment->map.epochs[place];
    const auto record = record_of(epoch);
    if (!record) return record.error();
    const auto index = *record ? decode_index((*record)->body) : std::nullopt;
    const auto content = index ? record_content(**record) : std::nullopt;
    const auto entries = content ? decode_index_entries(*index, *content) : std::nullopt;
    const std::uint64_t previous = place == 0 ? 0 : x_segment->map.epochs[place - 1].index_offset;
    if (!entries || index->offset != epoch.index_offset || index->previous != previous || index->epoch != epoch.epoch) {
      return false;
    }
    const std::uint64_t most = most_completions(x_tape->bytes);
    if (x_map.completions.size() + entries->completions.size() > most) {
      return too_many(x_file->name, "completions", most);
    }
    return take_chunks(*entries, epoch) && take_rest(*entries, epoch.epoch);
  }

  SegmentMap take() { return std::move(x_map); }

 private:
  Result<std::optional<WholeRecord>> record_of(const SummaryEpoch& epoch) const {
    if (epoch.index_offset > x_segment->footer.offset) return std::optional<WholeRecord>();
    const std::uint64_t at = x_segment->start + epoch.index_offset;
    const std::string_view have = x_tape->end_from(at);
    auto record = have.empty() ? read_record(*x_file, at, kAtOnce) : record_at(x_file->keys, have);
    if (!record) return record.error();
    if (!*record) return std::optional<WholeRecord>();
    const RecordHeader& header = (*record)->header;
    if (header.type != RecordType::index || header.segment != x_segment->id || header.encrypted() != x_map.encrypted) {
      return std::optional<WholeRecord>();
    }
    return std::optional<WholeRecord>(std::move(**record));
  }

  /// Whether an index can list a record there: entries stand in the order of the records, which take some room each.
  bool follows(std::uint64_t offset, std::uint64_t body, std::uint64_t& last) const {
    if (offset > x_segment->footer.offset || offset < last) return false;
    last = offset + kHeaderSize + body;
    return true;
  }

  bool take_chunks(const IndexEntries& entries, const SummaryEpoch& epoch) {
    std::uint64_t ordinal = epoch.first_ordinal;
    for (const IndexChunk& chunk : entries.chunks) {
      if (chunk.length > kHeaderSize + kMaxBody + kMaxPayload || chunk.rows > kMaxRows ||
          chunk.exchanges > chunk.rows || !follows(chunk.offset, kChunkBody, x_last_chunk) ||
          chunk.next_ordinal > UINT64_MAX - kMaxRows || chunk.next_ordinal != ordinal) {
        return false;
      }
      ordinal += chunk.exchanges;
      add_chunk(chunk, epoch.epoch, static_cast<std::uint16_t>(&chunk - entries.chunks.data()));
    }
    return ordinal - epoch.first_ordinal == epoch.exchanges;
  }

  bool take_rest(const IndexEntries& entries, std::uint32_t epoch) {
    for (const IndexBlob& blob : entries.blobs) {
      if (!follows(blob.offset, kBlobBody, x_last_blob)) return false;
      x_map.blobs.push_back({blob.blob, blob.part, x_segment->start + blob.offset, blob.length});
    }
    for (const IndexCompletion& done : entries.completions) {
      x_map.completions.push_back({done.ordinal, 0, epoch, done.chunk, done.row});
    }
    return true;
  }

  void add_chunk(const IndexChunk& chunk, std::uint32_t epoch, std::uint16_t place) {
    ChunkEntry entry;
    entry.offset = x_segment->start + chunk.offset;
    entry.length = chunk.length;
    entry.facts.next_ordinal = chunk.next_ordinal;
    entry.facts.t_min = chunk.t_min;
    entry.facts.t_max = chunk.t_max;
    entry.facts.watermark = chunk.watermark;
    entry.facts.rows = chunk.rows;
    entry.facts.exchanges = chunk.exchanges;
    entry.facts.epoch = epoch;
    entry.facts.chunk_in_epoch = place;
    entry.facts.connection_min = chunk.connection_min;
    entry.facts.connection_max = chunk.connection_max;
    x_map.chunks.push_back(entry);
  }

  const TapeFile* x_file;
  const SealedTape* x_tape;
  const SealedSegment* x_segment;
  SegmentMap x_map;
  std::uint64_t x_last_chunk = 0;  // where the next one can begin
  std::uint64_t x_last_blob = 0;
};

}  // namespace

Result<std::optional<ScanResult>> read_indexes(const TapeFile& file, const SealedTape& tape) {
  ScanResult result = tape.outline();
  result.map.recordings.clear();
  for (const SealedSegment& segment : tape.segments) {
    IndexReader reader(file, tape, segment);
    for (std::size_t epoch = 0; epoch < segment.map.epochs.size(); ++epoch) {
      const auto good = reader.read(epoch);
      if (!good) return good.error();
      if (!*good) return std::optional<ScanResult>();
    }
    SegmentMap map = reader.take();
    map.epochs.clear();
    add_segment(result.map, segment.id.recording, std::move(map));
  }
  settle(result.map);
  return std::optional(std::move(result));
}

Result<std::optional<ScanResult>> read_index(const TapeFile& file, const SealedTape& tape, EpochRef only) {
  const SealedSegment& segment = tape.segments[only.segment];
  IndexReader reader(file, tape, segment);
  const auto good = reader.read(only.epoch);
  if (!good) return good.error();
  if (!*good) return std::optional<ScanResult>();
  ScanResult result;
  result.map.from_footers = true;
  add_segment(result.map, segment.id.recording, reader.take());
  settle(result.map);
  return std::optional(std::move(result));
}

}  // namespace tapedeck::format
