#include "format/footers.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "format/source_window.hpp"
#include "format/whole_record.hpp"

namespace tapedeck::format {
namespace {

constexpr std::uint64_t kTail = 64u << 10;       // a FOOTER, and mostly the SUMMARY and the last INDEX before it
constexpr std::uint64_t kKeptTotals = 4u << 20;  // of all segments together
constexpr std::uint64_t kFirstRecord = 512;      // holds a FILE_HEADER with room to spare

/// One sealed segment that ends at a known place.
class FooterReader {
 public:
  explicit FooterReader(const TapeFile& file) : x_file(&file) {}

  /// Nothing at a surprise.
  Result<std::optional<SealedSegment>> read(std::uint64_t end) {
    if (end < kFooterRecord) return nothing();
    x_tail_offset = end - std::min(end, kTail);
    auto tail = read_bytes(*x_file->source, x_tail_offset, end - x_tail_offset);
    if (!tail) return tail.error();
    x_tail = std::move(*tail);
    if (x_tail.size() != end - x_tail_offset || !take_footer(end)) return nothing();
    for (const auto part : {&FooterReader::read_file_header, &FooterReader::read_summary}) {
      const Result<bool> good = (this->*part)();
      if (!good) return good.error();
      if (!*good) return nothing();
    }
    return std::optional(std::move(x_segment));
  }

  std::uint64_t tail_offset() const { return x_tail_offset; }
  Buffer take_tail() { return std::move(x_tail); }

 private:
  static std::optional<SealedSegment> nothing() { return std::nullopt; }

  /// The tail's last record, if it is a FOOTER of that size.
  std::optional<WholeRecord> footer_of(std::uint64_t size) const {
    if (x_tail.size() < size) return std::nullopt;
    auto record = record_at(x_file->keys, x_tail.view().substr(x_tail.size() - size));
    if (record && (record->header.type != RecordType::footer || record->header.record_size() != size)) record.reset();
    return record;
  }

  bool take_footer(std::uint64_t end) {
    std::uint64_t size = kFooterRecord;
    auto record = footer_of(size);
    if (!record) record = footer_of(size = kEncryptedFooterRecord);
    const auto footer = record ? decode_footer(record->body) : std::nullopt;
    if (!footer || footer->offset > end - size) return false;
    x_encrypted = record->header.encrypted();
    x_segment.footer = *footer;
    x_segment.id = record->header.segment;
    x_segment.start = end - size - footer->offset;
    SegmentMap& map = x_segment.map;
    map.number = x_segment.id.number;
    map.sealed = true;
    map.records = footer->records;
    map.next_ordinal = footer->next_ordinal;
    map.next_completion = footer->next_completion;
    return true;
  }

  /// A record of this segment, at an offset that another record gave.
  Result<std::optional<WholeRecord>> expect(std::uint64_t offset, RecordType type, std::uint64_t at_once) {
    if (offset > x_segment.footer.offset) return std::optional<WholeRecord>();
    const std::uint64_t at = x_segment.start + offset;
    auto record = at < x_tail_offset
                      ? read_record(*x_file, at, at_once)
                      : record_at(x_file->keys, x_tail.view().substr(static_cast<std::size_t>(at - x_tail_offset)));
    if (record && *record && !is_expected((*record)->header, type)) record->reset();
    return record;
  }

  bool is_expected(const RecordHeader& header, RecordType type) const {
    const bool is_encrypted = x_segment.map.encrypted && type != RecordType::file_header;
    return header.type == type && header.segment == x_segment.id && header.encrypted() == is_encrypted;
  }

  Result<bool> read_file_header() {
    const auto record = expect(0, RecordType::file_header, kFirstRecord);
    if (!record) return record.error();
    const auto header = *record ? decode_file_header((*record)->body) : std::nullopt;
    if (!header) return false;
    if (header->incompat != 0) return newer_version(x_file->name, unknown_in(*header), x_segment.start);
    if (header->key_id != 0) {
      if (auto good = x_file->keys.check(header->key_id, x_file->name); !good) return good.error();
      x_segment.map.encrypted = true;
    }
    x_segment.map.first_ordinal = header->next_ordinal;
    x_segment.map.first_completion = header->next_completion;
    return x_encrypted == x_segment.map.encrypted;
  }

  Result<bool> read_summary() {
    const FooterBody& footer = x_segment.footer;
    const auto record = expect(footer.summary, RecordType::summary, kTail);
    if (!record) return record.error();
    const auto content = *record ? record_content(**record) : std::nullopt;
    const auto summary = content ? decode_summary((*record)->body) : std::nullopt;
    auto epochs = summary ? decode_summary_epochs(*summary, *content) : std::nullopt;
    if (!epochs || summary->offset != footer.summary || summary->next_ordinal != footer.next_ordinal ||
        summary->first_ordinal != x_segment.map.first_ordinal || !epochs_add_up(*epochs)) {
      return false;
    }
    x_segment.map.epochs = std::move(*epochs);
    x_segment.map.summary_offset = x_segment.start + footer.summary;
    x_segment.totals = content->substr(summary->epochs * kSummaryEpoch);
    return true;
  }

  bool epochs_add_up(const std::vector<SummaryEpoch>& epochs) const {
    if (epochs.size() > x_segment.footer.offset / (kHeaderSize + kIndexBody)) return false;  // each has an INDEX
    std::uint64_t ordinal = *x_segment.map.first_ordinal;
    for (const SummaryEpoch& epoch : epochs) {
      if (epoch.first_ordinal != ordinal || epoch.exchanges > x_segment.footer.next_ordinal - ordinal) return false;
      ordinal += epoch.exchanges;
    }
    const std::uint64_t last = epochs.empty() ? 0 : epochs.back().index_offset;
    return ordinal == x_segment.footer.next_ordinal && last == x_segment.footer.index;
  }

  const TapeFile* x_file;
  std::uint64_t x_tail_offset = 0;
  Buffer x_tail;
  SealedSegment x_segment;
  bool x_encrypted = false;  // the FOOTER
};

}  // namespace

std::string_view SealedTape::end_from(std::uint64_t offset) const {
  if (offset < end_offset) return {};
  return end.view().substr(std::min(end.size(), static_cast<std::size_t>(offset - end_offset)));
}

ScanResult SealedTape::outline() const {
  ScanResult result;
  result.map.from_footers = true;
  result.report.bytes = bytes;
  for (const SealedSegment& segment : segments) {
    result.report.segments.push_back({segment.id.recording, segment.id.number, true});
    result.report.records += segment.map.records;
    add_segment(result.map, segment.id.recording, segment.map);
  }
  settle(result.map);
  return result;
}

Result<std::optional<SealedTape>> open_by_footers(const TapeFile& file) {
  std::optional<SealedTape> nothing;
  const auto size = file.source->size();
  if (!size) return size.error();
  SealedTape tape;
  tape.bytes = *size;
  std::set<SegmentId> seen;
  std::uint64_t kept = 0;
  for (std::uint64_t end = *size; end > 0;) {
    FooterReader reader(file);
    auto segment = reader.read(end);
    if (!segment) return segment.error();
    if (!*segment || !seen.insert((*segment)->id).second || seen.size() > kMaxSegments) return nothing;
    if (end == *size) {
      tape.end_offset = reader.tail_offset();
      tape.end = reader.take_tail();
    }
    end = (*segment)->start;
    kept += (*segment)->totals.size();
    if (kept > kKeptTotals) (*segment)->totals = {};
    tape.segments.push_back(std::move(**segment));
  }
  if (tape.segments.empty()) return nothing;
  std::reverse(tape.segments.begin(), tape.segments.end());
  std::map<http::RecordingId, bool> encrypted;  // a recording has one key, or none
  for (const SealedSegment& segment : tape.segments) {
    const auto known = encrypted.emplace(segment.id.recording, segment.map.encrypted).first;
    if (known->second != segment.map.encrypted) return nothing;
  }
  if (encrypted.size() > kMaxRecordings) return nothing;
  return std::optional(std::move(tape));
}

Result<std::optional<std::string>> read_totals(const TapeFile& file, const SealedSegment& segment) {
  if (!segment.totals.empty()) return std::optional(segment.totals);
  const auto record = read_record(file, segment.map.summary_offset, kTail);
  if (!record) return record.error();
  const auto body = *record ? decode_summary((*record)->body) : std::nullopt;
  const auto content = body ? record_content(**record) : std::nullopt;
  if (!content || content->size() < body->epochs * kSummaryEpoch) return std::optional<std::string>();
  return std::optional(content->substr(body->epochs * kSummaryEpoch));
}

}  // namespace tapedeck::format
