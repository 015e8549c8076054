#include "format/tape_store.hpp"

#include <algorithm>
#include <tuple>

#include "format/frame.hpp"
#include "format/source_window.hpp"

namespace tapedeck::format {
namespace {

std::optional<Buffer> blob_content(const WholeRecord& record, const BlobBody& blob) {
  if (blob.raw_len == 0) return Buffer();
  return decode_content(record.content, blob.codec, blob.raw_len);
}

Result<void> hand_out(std::string_view bytes, const BodyVisitor& visit) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), kInlineBody))) {
    if (auto taken = visit(bytes.substr(0, kInlineBody)); !taken) return taken;
  }
  return {};
}

/// A blob's header and body, without its payload.
Result<std::optional<BlobBody>> read_blob_body(const ByteSource& source, std::uint64_t offset) {
  const auto read = read_bytes(source, offset, kHeaderSize + kMaxBody);
  if (!read) return read.error();
  const std::string_view bytes = read->view();
  const std::uint32_t body_len = promised_body_len(bytes);
  RecordHeader header;
  if (body_len == UINT32_MAX || bytes.size() < kHeaderSize + body_len ||
      decode_header(bytes.substr(0, kHeaderSize + body_len), header) != HeaderCheck::good ||
      header.type != RecordType::blob) {
    return std::optional<BlobBody>();
  }
  return decode_blob(bytes.substr(kHeaderSize, body_len));
}

}  // namespace

TapeStore::TapeStore(std::shared_ptr<const TapeFile> file, std::shared_ptr<const ScanResult> opened)
    : x_file(std::move(file)), x_opened(std::move(opened)), x_report(x_opened->report) {}

Result<std::shared_ptr<const DecodedChunk>> TapeStore::load(ChunkRef ref, Extent extent) const {
  const RecordingMap& recording = map().recordings[ref.recording];
  const SegmentId segment{recording.id, recording.segments[ref.segment].number};
  const Encrypted encrypted = recording.segments[ref.segment].encrypted ? Encrypted::yes : Encrypted::no;
  return DecodedChunk::load(*x_file, entry(ref), segment, ref, encrypted, extent);
}

Result<std::shared_ptr<const DecodedChunk>> TapeStore::chunk(ChunkRef ref) {
  const ChunkEntry& place = entry(ref);
  if (const auto cached = x_cache.find(place.offset); cached != x_cache.end()) {
    x_uses.splice(x_uses.begin(), x_uses, cached->second.use);
    return cached->second.chunk;
  }
  auto loaded = load(ref, Extent::all);
  if (!loaded) return loaded.error();
  if (!place.damaged && !(*loaded)->intact()) note_damage(**loaded, place);
  x_uses.push_front(place.offset);
  count_memory(x_cache[place.offset] = {*loaded, x_uses.begin()});
  trim();
  return loaded;
}

Result<std::shared_ptr<const DecodedChunk>> TapeStore::ids(ChunkRef ref) {
  const auto cached = x_cache.find(entry(ref).offset);
  return cached != x_cache.end() ? cached->second.chunk : load(ref, Extent::ids);
}

void TapeStore::let_go(ChunkRef ref) {
  const auto cached = x_cache.find(entry(ref).offset);
  if (cached == x_cache.end()) return;
  cached->second.chunk->forget_bodies();
  count_memory(cached->second);
}

void TapeStore::count_memory(Cached& cached) {
  x_memory -= cached.memory;
  cached.memory = cached.chunk->memory();
  x_memory += cached.memory;
}

/// Found while reading a tape that its footers had opened.
void TapeStore::note_damage(const DecodedChunk& chunk, const ChunkEntry& place) {
  for (const DamagedRange& range : x_report.damaged) {
    if (range.offset == place.offset) return;
  }
  x_report.damaged.push_back({place.offset, std::max<std::uint64_t>(chunk.record_size(), kHeaderSize)});
}

void TapeStore::trim() {
  while (x_memory > kReaderMemory && x_uses.size() > 1) {
    const auto oldest = x_cache.find(x_uses.back());
    x_memory -= oldest->second.memory;
    x_cache.erase(oldest);
    x_uses.pop_back();
  }
}

Result<std::shared_ptr<const DecodedChunk>> TapeStore::earlier(const std::shared_ptr<const DecodedChunk>& from,
                                                               std::uint64_t back) {
  if (back == 0) return from;
  const ChunkFacts& facts = from->facts();
  if (back > facts.chunk_in_epoch) return std::shared_ptr<const DecodedChunk>();
  const ChunkRef& ref = from->ref();
  const auto wanted = static_cast<std::uint32_t>(facts.chunk_in_epoch - back);
  if (back <= ref.chunk) {  // where all chunks are there, it stands so many places before
    const ChunkRef near{ref.recording, ref.segment, static_cast<std::uint32_t>(ref.chunk - back)};
    const ChunkFacts& there = entry(near).facts;
    if (there.epoch == facts.epoch && there.chunk_in_epoch == wanted) return chunk(near);
  }
  const auto found = chunk_at(ref.recording, ref.segment, facts.epoch, wanted);
  return found ? chunk(*found) : std::shared_ptr<const DecodedChunk>();
}

std::optional<ChunkRef> TapeStore::chunk_at(std::uint32_t recording, std::uint32_t segment, std::uint32_t epoch,
                                            std::uint32_t chunk_in_epoch) const {
  const auto& chunks = map().recordings[recording].segments[segment].chunks;
  const auto wanted = std::make_tuple(epoch, chunk_in_epoch);
  const auto key = [](const ChunkEntry& c) {
    return std::make_tuple(c.facts.epoch, std::uint32_t{c.facts.chunk_in_epoch});
  };
  const auto found = std::lower_bound(chunks.begin(), chunks.end(), wanted,
                                      [&](const ChunkEntry& c, const auto& w) { return key(c) < w; });
  if (found == chunks.end() || key(*found) != wanted) return std::nullopt;
  return ChunkRef{recording, segment, static_cast<std::uint32_t>(found - chunks.begin())};
}

/// A scan does not look into chunks: those with completions are read when the first of these is asked for.
Result<const std::vector<CompletionPlace>*> TapeStore::completions_of(std::uint32_t recording) {
  const RecordingMap& of = map().recordings[recording];
  if (map().from_footers) return &of.completions;
  if (const auto known = x_completions.find(recording); known != x_completions.end()) return &known->second;
  std::vector<CompletionPlace> found;
  for (std::uint32_t s = 0; s < of.segments.size(); ++s) {
    for (std::uint32_t c = 0; c < of.segments[s].chunks.size(); ++c) {
      const ChunkFacts& facts = of.segments[s].chunks[c].facts;
      if (facts.completions() == 0) continue;
      const auto read = ids({recording, s, c});
      if (!read) return read.error();
      if (!(*read)->rows()) continue;
      x_found += facts.completions();
      if (x_found > most_completions(x_report.bytes)) {
        return too_many(name(), "completions", most_completions(x_report.bytes));
      }
      for (std::uint32_t row = 0; row < facts.rows; ++row) {
        if (has_ordinal((*(*read)->rows())[row])) continue;
        found.push_back({(*read)->ordinal(row), s, facts.epoch, facts.chunk_in_epoch, row});
      }
    }
  }
  sort_completions(found);
  return &x_completions.emplace(recording, std::move(found)).first->second;
}

Result<std::uint64_t> TapeStore::readable_completions(std::uint32_t recording) {
  const auto found = completions_of(recording);
  if (!found) return found.error();
  return std::uint64_t{(*found)->size()};
}

Result<std::optional<TapeStore::Completion>> TapeStore::completion(std::uint32_t recording, std::uint64_t ordinal) {
  const auto known = completions_of(recording);
  if (!known) return known.error();
  const std::vector<CompletionPlace>& all = **known;
  auto at = std::lower_bound(all.begin(), all.end(), ordinal,
                             [](const CompletionPlace& place, std::uint64_t wanted) { return place.ordinal < wanted; });
  std::optional<Completion> listed;
  for (; at != all.end() && at->ordinal == ordinal; ++at) {
    listed.emplace();
    const auto ref = chunk_at(recording, at->segment, at->epoch, at->chunk_in_epoch);
    if (!ref) continue;
    auto read = chunk(*ref);
    if (!read) return read.error();
    const auto& rows = (*read)->rows();
    if (!rows || at->row >= rows->size() || has_ordinal((*rows)[at->row]) || (*read)->ordinal(at->row) != ordinal) {
      continue;
    }
    return std::optional(Completion{std::move(*read), at->row});
  }
  return listed;
}

TapeStore::Parts TapeStore::parts_of(std::uint32_t recording, std::uint64_t number) const {
  struct ByBlob {
    bool operator()(const BlobPart& part, std::uint64_t blob) const { return part.blob < blob; }
    bool operator()(std::uint64_t blob, const BlobPart& part) const { return blob < part.blob; }
  };
  const std::vector<BlobPart>& blobs = map().recordings[recording].blobs;
  return std::equal_range(blobs.begin(), blobs.end(), number, ByBlob());
}

/// Whether a record is a BLOB of this recording, and encrypted where its segment is.
bool TapeStore::is_part(std::uint32_t recording, const RecordHeader& header) const {
  const RecordingMap& wanted = map().recordings[recording];
  if (header.type != RecordType::blob || header.segment.recording != wanted.id) return false;
  const auto segment = std::find_if(wanted.segments.begin(), wanted.segments.end(),
                                    [&](const SegmentMap& s) { return s.number == header.segment.number; });
  if (segment == wanted.segments.end()) return false;
  return header.encrypted() || !segment->encrypted;
}

/// The BLOB there; nothing if it is none, or not to be believed.
Result<std::optional<WholeRecord>> TapeStore::read_part(std::uint32_t recording, std::uint64_t offset) {
  auto record = read_record(*x_file, offset);
  if (record && *record && !is_part(recording, (*record)->header)) record->reset();
  return record;
}

/// By its header, and by what is stored if that is asked for.
Result<std::optional<TapeStore::Part>> TapeStore::part(std::uint32_t recording, std::uint64_t offset, Depth depth) {
  if (depth != Depth::headers) return stored_part(recording, offset, depth);
  const auto blob = read_blob_body(*x_file->source, offset);
  if (!blob) return blob.error();
  return *blob ? std::optional(Part{(*blob)->raw_len, ((*blob)->flags & kBlobLast) != 0, {}}) : std::nullopt;
}

Result<std::optional<TapeStore::Part>> TapeStore::stored_part(std::uint32_t recording, std::uint64_t offset,
                                                              Depth depth) {
  std::optional<Part> nothing;
  auto record = read_part(recording, offset);
  if (!record) return record.error();
  auto blob = *record ? decode_blob((*record)->body) : std::nullopt;
  if (!blob) return nothing;
  Part part{blob->raw_len, (blob->flags & kBlobLast) != 0, {}};
  if (blob->same_blob != 0) {
    const auto [begin, end] = parts_of(recording, blob->same_blob);
    const auto same = std::find_if(begin, end, [&](const BlobPart& other) { return other.part == blob->same_part; });
    if (same == end) return nothing;
    record = read_part(recording, same->offset);
    if (!record) return record.error();
    blob = *record ? decode_blob((*record)->body) : std::nullopt;
    if (!blob || blob->same_blob != 0 || blob->raw_len != part.raw_len) return nothing;
  }
  if (blob->codec > Codec::zstd) return newer_version(x_file->name, unknown_in(*blob), offset);
  if (depth == Depth::stored) return std::optional(std::move(part));
  auto bytes = blob_content(**record, *blob);
  if (!bytes) return nothing;
  part.bytes = std::move(*bytes);
  return std::optional(std::move(part));
}

Result<TapeStore::Walked> TapeStore::walk_blob(std::uint32_t recording, std::uint64_t number, std::uint64_t limit,
                                               Depth depth, const BodyVisitor& visit) {
  Walked walked;
  std::uint32_t next = 0;
  const auto [begin, end] = parts_of(recording, number);
  // An empty last part is not missed.
  for (auto at = begin; at != end && !walked.whole && walked.length < limit && at->part <= next; ++at) {
    if (at->part < next) continue;  // the same part twice
    const auto found = part(recording, at->offset, depth);
    if (!found) return found.error();
    if (!*found || (*found)->raw_len > limit - walked.length) break;
    if (visit) {
      if (auto taken = hand_out((*found)->bytes.view(), visit); !taken) return taken.error();
    }
    walked.length += (*found)->raw_len;
    walked.whole = (*found)->last;
    ++next;
  }
  return walked;
}

void TapeStore::name_blob(std::uint32_t recording, std::uint64_t number) {
  const auto [begin, end] = parts_of(recording, number);
  const std::vector<BlobPart>& blobs = map().recordings[recording].blobs;
  std::vector<bool>& named = x_named[recording];
  named.resize(blobs.size());
  if (begin != end) named[static_cast<std::size_t>(begin - blobs.cbegin())] = true;
}

Result<void> TapeStore::name_blobs() {
  for (std::uint32_t r = 0; r < map().recordings.size(); ++r) {
    const RecordingMap& recording = map().recordings[r];
    for (std::uint32_t s = 0; !recording.blobs.empty() && s < recording.segments.size(); ++s) {
      for (std::uint32_t c = 0; c < recording.segments[s].chunks.size(); ++c) {
        const auto read = ids({r, s, c});
        if (!read) return read.error();
        if (!(*read)->rows()) continue;
        for (const RowMeta& row : *(*read)->rows()) name_blobs_of(r, row);
      }
    }
  }
  return {};
}

void TapeStore::name_blobs_of(std::uint32_t recording, const RowMeta& row) {
  for (const BodyPlace& place : row.bodies) {
    if (place.code == BodyCode::blob || place.code == BodyCode::blob_open) name_blob(recording, place.blob);
  }
}

Result<void> TapeStore::count_unnamed_bytes() {
  std::uint64_t sum = 0;
  for (std::uint32_t r = 0; r < map().recordings.size(); ++r) {
    const std::vector<BlobPart>& blobs = map().recordings[r].blobs;
    std::vector<bool>& names = x_named[r];
    names.resize(blobs.size());
    bool named = false;
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      const bool same_blob = i > 0 && blobs[i - 1].blob == blobs[i].blob;
      if (!same_blob) named = names[i];
      if (named || (same_blob && blobs[i - 1].part == blobs[i].part)) continue;
      const auto header = part(r, blobs[i].offset, Depth::headers);
      if (!header) return header.error();
      if (*header) sum += (*header)->raw_len;
    }
  }
  x_report.incomplete_bytes = sum;
  return {};
}

}  // namespace tapedeck::format
