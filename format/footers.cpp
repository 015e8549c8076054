#include "format/footers.hpp"

#include <algorithm>
#include <set>

#include "format/frame.hpp"
#include "format/source_window.hpp"

namespace tapedeck::format {
namespace {

/// One sealed segment that ends at a known place. All offsets its records give count from x_start.
class FooterReader {
 public:
  explicit FooterReader(const TapeFile& file) : x_file(&file) {}

  /// Nothing at a surprise.
  Result<std::optional<SegmentMap>> read(std::uint64_t end) {
    if (end < kFooterRecord) return nothing();
    auto record = read_record(*x_file, end - kFooterRecord);
    if (!record) return record.error();
    if (!*record || (*record)->header.type != RecordType::footer) return nothing();
    const auto footer = decode_footer((*record)->body);
    if (!footer || footer->offset > end - kFooterRecord || (*record)->header.record_size() != kFooterRecord) {
      return nothing();
    }
    x_footer = *footer;
    x_id = (*record)->header.segment;
    x_start = end - kFooterRecord - footer->offset;
    x_segment.number = x_id.number;
    x_segment.sealed = true;
    x_segment.records = footer->records;
    x_segment.next_ordinal = footer->next_ordinal;
    x_segment.next_completion = footer->next_completion;
    return read_rest();
  }

  std::uint64_t start() const { return x_start; }
  const SegmentId& id() const { return x_id; }

 private:
  static std::optional<SegmentMap> nothing() { return std::nullopt; }

  Result<std::optional<SegmentMap>> read_rest() {
    for (const auto part :
         {&FooterReader::read_file_header, &FooterReader::read_summary, &FooterReader::read_indexes}) {
      const Result<bool> good = (this->*part)();
      if (!good) return good.error();
      if (!*good) return nothing();
    }
    return std::optional(std::move(x_segment));
  }

  /// A record of this segment, at an offset that another record gave.
  Result<std::optional<WholeRecord>> expect(std::uint64_t offset, RecordType type) {
    if (offset > x_footer.offset) return std::optional<WholeRecord>();
    auto record = read_record(*x_file, x_start + offset);
    if (record && *record && !is_expected((*record)->header, type)) record->reset();
    return record;
  }

  bool is_expected(const RecordHeader& header, RecordType type) const {
    const bool is_encrypted = x_segment.encrypted && type != RecordType::file_header;
    return header.type == type && header.segment == x_id && header.encrypted() == is_encrypted;
  }

  Result<bool> read_file_header() {
    auto record = expect(0, RecordType::file_header);
    if (!record) return record.error();
    const auto header = *record ? decode_file_header((*record)->body) : std::nullopt;
    if (!header) return false;
    if (header->incompat != 0) return newer_version(x_file->name, "a feature of the file header");
    if (header->key_id != 0) {
      if (auto good = x_file->keys.check(header->key_id, x_file->name); !good) return good.error();
      x_segment.encrypted = true;
    }
    x_segment.first_ordinal = header->next_ordinal;
    x_segment.first_completion = header->next_completion;
    return true;
  }

  Result<bool> read_summary() {
    auto record = expect(x_footer.summary, RecordType::summary);
    if (!record) return record.error();
    const auto content = *record ? record_content(**record) : std::nullopt;
    const auto summary = content ? decode_summary((*record)->body) : std::nullopt;
    const auto epochs = summary ? decode_summary_epochs(*summary, *content) : std::nullopt;
    if (!epochs || summary->offset != x_footer.summary || summary->next_ordinal != x_footer.next_ordinal ||
        summary->first_ordinal != x_segment.first_ordinal) {
      return false;
    }
    x_segment.summary_offset = x_start + x_footer.summary;
    x_epochs = *epochs;
    return true;
  }

  Result<bool> read_indexes() {
    const std::uint64_t last = x_epochs.empty() ? 0 : x_epochs.back().index_offset;
    if (last != x_footer.index) return false;
    std::uint64_t previous = 0;
    for (const SummaryEpoch& epoch : x_epochs) {
      const auto good = read_index(epoch, previous);
      if (!good || !*good) return good;
      previous = epoch.index_offset;
    }
    return counts_add_up();
  }

  Result<bool> read_index(const SummaryEpoch& epoch, std::uint64_t previous) {
    auto record = expect(epoch.index_offset, RecordType::index);
    if (!record) return record.error();
    const auto index = *record ? decode_index((*record)->body) : std::nullopt;
    const auto content = index ? record_content(**record) : std::nullopt;
    const auto entries = content ? decode_index_entries(*index, *content) : std::nullopt;
    if (!entries || index->offset != epoch.index_offset || index->previous != previous || index->epoch != epoch.epoch) {
      return false;
    }
    for (const IndexChunk& chunk : entries->chunks) {
      if (chunk.rows > kMaxRows || chunk.exchanges > chunk.rows || chunk.offset > x_footer.offset ||
          chunk.next_ordinal > UINT64_MAX - kMaxRows) {
        return false;
      }
      add_chunk(chunk, epoch.epoch, static_cast<std::uint16_t>(&chunk - entries->chunks.data()));
    }
    for (const IndexBlob& blob : entries->blobs) {
      if (blob.offset > x_footer.offset) return false;
      x_segment.blobs.push_back({blob.blob, blob.part, x_start + blob.offset, blob.length});
    }
    for (const IndexCompletion& done : entries->completions) {
      x_segment.completions.push_back({done.ordinal, 0, epoch.epoch, done.chunk, done.row});
    }
    return true;
  }

  void add_chunk(const IndexChunk& chunk, std::uint32_t epoch, std::uint16_t place) {
    ChunkEntry entry;
    entry.offset = x_start + chunk.offset;
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
    x_segment.chunks.push_back(entry);
  }

  Result<bool> counts_add_up() const {
    std::uint64_t ordinal = *x_segment.first_ordinal;
    for (const ChunkEntry& chunk : x_segment.chunks) {
      if (chunk.facts.next_ordinal != ordinal) return false;
      ordinal += chunk.facts.exchanges;
    }
    return ordinal == x_footer.next_ordinal;
  }

  const TapeFile* x_file;
  FooterBody x_footer;
  SegmentId x_id;
  std::uint64_t x_start = 0;
  SegmentMap x_segment;
  std::vector<SummaryEpoch> x_epochs;
};

}  // namespace

namespace {

/// The payload of a record, or nothing if it is not as it had been written.
Result<std::optional<std::string>> read_payload(const ByteSource& source, std::uint64_t offset,
                                                const RecordHeader& header, std::string_view read_already) {
  const std::optional<std::string> nothing;
  std::string payload(read_already.substr(0, header.payload_len));
  if (payload.size() < header.payload_len) {
    auto whole = read_bytes(source, offset + header.size(), header.payload_len);
    if (!whole) return whole.error();
    payload = std::move(*whole);
  }
  if (payload.size() != header.payload_len || xxh3(payload) != header.payload_xxh3) return nothing;
  if (header.escaped() && !unescape_payload(payload)) return nothing;
  return std::optional(std::move(payload));
}

/// What the one frame of a record holds, decrypted; nothing if it is malformed or not authentic.
std::optional<std::string> content_of(const TapeKeys& keys, const RecordHeader& header, std::string_view head,
                                      std::string_view payload) {
  if (payload.empty()) return std::string();
  const auto content = frame_content(payload);
  if (!content) return std::nullopt;
  return header.encrypted() ? keys.open(header, 0, *content, head) : std::optional(std::string(*content));
}

}  // namespace

Result<std::optional<WholeRecord>> read_record(const TapeFile& file, std::uint64_t offset) {
  const std::optional<WholeRecord> nothing;
  auto head = read_bytes(*file.source, offset, kHeaderSize + kMaxBody);
  if (!head) return head.error();
  const std::uint32_t body_len = promised_body_len(*head);
  if (body_len == UINT32_MAX || head->size() < kHeaderSize + body_len) return nothing;
  WholeRecord record;
  const std::string_view header = std::string_view(*head).substr(0, kHeaderSize + body_len);
  if (decode_header(header, record.header) != HeaderCheck::good) return nothing;
  record.body = header.substr(kHeaderSize);
  const auto payload = read_payload(*file.source, offset, record.header, std::string_view(*head).substr(header.size()));
  if (!payload) return payload.error();
  auto content = *payload ? content_of(file.keys, record.header, header, **payload) : std::nullopt;
  if (!content) return nothing;
  record.content = std::move(*content);
  return std::optional(std::move(record));
}

std::optional<std::string> record_content(const WholeRecord& record) {
  return decode_content_up_to(record.content, kMaxFrame);
}

Result<std::optional<ScanResult>> open_by_footers(const TapeFile& file) {
  const std::optional<ScanResult> nothing;
  const auto size = file.source->size();
  if (!size) return size.error();
  std::vector<std::pair<SegmentId, SegmentMap>> segments;
  std::set<SegmentId> seen;
  for (std::uint64_t end = *size; end > 0;) {
    FooterReader reader(file);
    auto segment = reader.read(end);
    if (!segment) return segment.error();
    if (!*segment || !seen.insert(reader.id()).second || seen.size() > kMaxSegments) return nothing;
    segments.emplace_back(reader.id(), std::move(**segment));
    end = reader.start();
  }
  if (segments.empty()) return nothing;
  std::reverse(segments.begin(), segments.end());
  ScanResult result;
  result.map.from_footers = true;
  result.report.bytes = *size;
  for (auto& [id, segment] : segments) {
    result.report.segments.push_back({id.recording, id.number, true});
    result.report.records += segment.records;
    add_segment(result.map, id.recording, std::move(segment));
  }
  if (result.map.recordings.size() > kMaxRecordings) return nothing;
  settle(result.map);
  return std::optional(std::move(result));
}

}  // namespace tapedeck::format
