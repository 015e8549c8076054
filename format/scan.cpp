#include "format/scan.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "format/frame.hpp"
#include "format/record_numbers.hpp"
#include "format/source_window.hpp"

namespace tapedeck::format {
namespace {

/// A segment as it stands in the stream.
struct Run {
  SegmentId id;
  RecordNumbers<> numbers;
  std::uint64_t skipped = 0;
  std::size_t again_behind = 0;  // so many runs stood before this one's records were met once more
  SegmentMap segment;
  std::vector<std::pair<std::size_t, std::uint64_t>> replaced;  // places of damaged chunks, their record numbers
  std::vector<DamagedRange> plain;                              // records that are not encrypted
  std::uint64_t footer_offset = UINT64_MAX;
};

/// What is left of a record.
struct Found {
  std::uint64_t offset = 0;
  RecordHeader header;
  std::string head;     // header and body
  std::string payload;  // unescaped; only of small records that are looked into
  bool payload_good = false;

  std::string_view body() const { return std::string_view(head).substr(kHeaderSize); }
};

// Damage costs this much time at most before the scan becomes careful.
constexpr std::uint64_t kInVain = 64u << 20;

bool wants_payload(RecordType type) { return type == RecordType::note; }

std::optional<std::string> note_json(const Found& record, const TapeKeys& keys) {
  if (record.header.payload_len == 0) return std::string();
  const auto content = frame_content(record.payload);
  if (!content || !record.header.encrypted()) {
    return content ? decode_content_up_to(*content, kMaxNoteJson) : std::nullopt;
  }
  const auto plain = keys.open(record.header, 0, *content, record.head);
  if (plain && plain->empty()) return plain;  // the frame is there for its tag
  return plain ? decode_content_up_to(*plain, kMaxNoteJson) : std::nullopt;
}

class Scanner {
  using State = RecordNumbers<>::State;

 public:
  Scanner(const TapeFile& file, std::uint64_t size)
      : x_window(*file.source, size), x_name(file.name), x_keys(file.keys) {
    x_result.report.bytes = size;
  }

  Result<ScanResult> run() {
    for (std::uint64_t at = 0; at < x_window.size();) {
      auto next = step(at);
      if (!next) return next.error();
      at = *next;
    }
    if (x_refused > 0 && !x_vouched) return wrong_key(x_name);
    if (x_runs.empty()) return nothing_found();
    return finish();
  }

 private:
  Result<std::uint64_t> step(std::uint64_t at) {
    Found record;
    record.offset = at;
    auto good = read_header(record);
    if (!good) return good.error();
    if (!*good) return resync(at, at + 1);
    const std::uint64_t payload_at = at + record.header.size();
    const auto worth_it = may_be_whole(payload_at, record.header.payload_len);
    if (!worth_it) return worth_it.error();
    // With the next record's header, so that each is one read.
    auto payload = x_window.view(payload_at, *worth_it ? record.header.payload_len + kHeaderSize + kMaxBody : 0);
    if (!payload) return payload.error();
    *payload = payload->substr(0, record.header.payload_len);
    record.payload_good =
        *worth_it && payload->size() == record.header.payload_len && xxh3(*payload) == record.header.payload_xxh3;
    x_result.hashed += payload->size();
    if (!record.payload_good) x_in_vain += payload->size();
    if (record.payload_good && !is_authentic(record, *payload)) {
      // Nothing of it is believed, not even its number.
      x_result.report.damaged.push_back({at, record.header.record_size()});
      ++x_refused;
      return payload_at + record.header.payload_len;
    }
    if (record.payload_good && wants_payload(record.header.type)) take_payload(record, *payload);
    if (auto accepted = accept(record); !accepted) return accepted.error();
    if (record.payload_good) return payload_at + record.header.payload_len;
    // Never at the promised end: bytes may have been cut out.
    return resync(payload_at, payload_at);
  }

  /// Whether it is worth hashing a payload. None holds a sync pattern: on a tape of headers that promise more than is
  /// there the pattern is looked for first, so that no byte is hashed many times.
  Result<bool> may_be_whole(std::uint64_t at, std::uint32_t length) {
    if (x_in_vain <= kInVain) return true;
    const auto next = x_window.next_sync(at);
    if (!next) return next.error();
    return *next >= at + length;
  }

  Result<bool> read_header(Found& record) {
    const auto fixed = x_window.view(record.offset, kHeaderSize);
    if (!fixed) return fixed.error();
    const std::uint32_t body_len = promised_body_len(*fixed);
    if (body_len == UINT32_MAX) return false;
    const auto bytes = x_window.view(record.offset, kHeaderSize + body_len);
    if (!bytes) return bytes.error();
    switch (decode_header(*bytes, record.header)) {
      case HeaderCheck::bad: return false;
      case HeaderCheck::newer: return newer_version(x_name, unknown_in_header(*bytes), record.offset);
      case HeaderCheck::good: break;
    }
    record.head = *bytes;
    return true;
  }

  /// Whether the key says that the record is what was written, by its first frame: that vouches for the body, too. The
  /// other columns of a chunk are told when they are decoded.
  bool is_authentic(const Found& record, std::string_view payload) {
    const RecordHeader& header = record.header;
    if (!header.encrypted() || !x_keys.has_key()) return true;
    if (header.type == RecordType::chunk) {
      const auto chunk = decode_chunk_body(record.body());
      payload = payload.substr(0, chunk && !chunk->columns.empty() ? chunk->columns[0].stored_len : 0);
    }
    const auto content = frame_content(payload);
    const bool vouched = content && x_keys.open(header, 0, *content, record.head);
    x_vouched = x_vouched || vouched;
    return vouched;
  }

  static void take_payload(Found& record, std::string_view payload) {
    record.payload = payload;
    if (record.header.escaped() && !unescape_payload(record.payload)) record.payload.clear();
  }

  Result<std::uint64_t> resync(std::uint64_t damaged_from, std::uint64_t search_from) {
    const auto next = x_window.next_sync(search_from);
    if (next && *next > damaged_from) x_result.report.damaged.push_back({damaged_from, *next - damaged_from});
    return next;
  }

  /// Which segment a record belongs to; null if that has it already.
  Run* run_for(const Found& record) {
    const RecordHeader& header = record.header;
    const auto [known, is_new] = x_places.try_emplace(header.segment, x_runs.size());
    if (is_new) {
      x_runs.emplace_back();
      x_runs.back().id = header.segment;
      x_runs.back().segment.number = header.segment.number;
    }
    Run& run = x_runs[known->second];
    if (header.record_no < run.numbers.next()) return run_with_hole(run, record);
    drop_left_over(known->second);
    run.numbers.go_on(header.record_no, record.payload_good ? State::whole : State::damaged, run.segment.chunks.size());
    run.segment.sealed = false;
    ++run.segment.records;
    return &run;
  }

  /// The segment goes on: what lay between was left over from something else, unless it is another copy that goes on.
  void drop_left_over(std::size_t run) {
    const std::size_t kept = std::max(run + 1, x_runs[run].again_behind);
    for (; x_runs.size() > kept; x_runs.pop_back()) {
      x_result.report.stale += x_runs.back().segment.records;
      x_places.erase(x_runs.back().id);
    }
  }

  /// The segment stands there once more. A record that lacked, or was damaged where it was met first, is taken from
  /// here.
  Run* run_with_hole(Run& run, const Found& record) {
    run.again_behind = x_runs.size();
    const auto filled = record.payload_good ? run.numbers.fill(record.header.record_no) : std::nullopt;
    if (!filled) {
      ++x_result.report.stale;
      return nullptr;
    }
    if (filled->damaged) {
      run.replaced.emplace_back(*filled->damaged, record.header.record_no);
    } else {
      ++run.segment.records;
    }
    return &run;
  }

  /// Chunks of which a whole copy was found later. Where a damaged record was no chunk, one behind it stands at its
  /// place, if any: that has another number.
  static void drop_replaced(Run& run) {
    auto& chunks = run.segment.chunks;
    for (const auto& [place, number] : run.replaced) {
      if (place < chunks.size() && chunks[place].record_no == number && chunks[place].damaged) {
        chunks[place].offset = UINT64_MAX;
      }
    }
    std::erase_if(chunks, [](const ChunkEntry& chunk) { return chunk.offset == UINT64_MAX; });
  }

  /// Under a key nothing plain is believed: whoever can write to the file could have put it there.
  bool is_refused(const Found& record) const {
    if (record.header.encrypted() || record.header.type == RecordType::file_header) return false;
    const auto place = x_places.find(record.header.segment);
    return place != x_places.end() && x_runs[place->second].segment.encrypted;
  }

  Result<void> accept(const Found& record) {
    if (is_refused(record)) return refuse(record);
    Run* run = run_for(record);
    if (run == nullptr) return {};
    if (x_runs.size() > kMaxSegments) return too_many(x_name, "segments", kMaxSegments);
    note_encryption(record, *run);
    switch (record.header.type) {
      case RecordType::file_header: return take_file_header(record, run->segment);
      case RecordType::chunk: return take_chunk(record, run->segment);
      case RecordType::blob: return take_blob(record, run->segment);
      case RecordType::index: return take_index(record, run->segment);
      case RecordType::summary: return take_summary(record, run->segment);
      case RecordType::footer: return take_footer(record, *run);
      case RecordType::note: return take_note(record, run->segment);
    }
    if (record.header.critical()) {
      const auto type = static_cast<unsigned>(record.header.type);
      return newer_version(x_name, fmt::format("unknown critical record type {}", type), record.offset);
    }
    ++run->skipped;
    return {};
  }

  static void note_encryption(const Found& record, Run& run) {
    const RecordHeader& header = record.header;
    if (header.encrypted()) {
      run.segment.encrypted = true;
    } else if (header.type != RecordType::file_header && record.payload_good) {
      run.plain.push_back({record.offset, header.record_size()});
    }
  }

  static void saw(SegmentMap& segment, std::uint64_t ordinal, std::uint64_t completion) {
    segment.lowest_seen = std::min(segment.lowest_seen, ordinal);
    segment.next_ordinal = std::max(segment.next_ordinal, ordinal);
    segment.next_completion = std::max(segment.next_completion, completion);
  }

  Result<void> take_file_header(const Found& record, SegmentMap& segment) {
    const auto header = decode_file_header(record.body());
    if (!header) return malformed(record);
    if (header->incompat != 0) return newer_version(x_name, unknown_in(*header), record.offset);
    if (header->key_id != 0) {
      if (auto good = x_keys.check(header->key_id, x_name); !good) return good;
      segment.encrypted = true;
    }
    segment.first_ordinal = header->next_ordinal;
    segment.first_completion = header->next_completion;
    saw(segment, header->next_ordinal, header->next_completion);
    return {};
  }

  Result<void> take_chunk(const Found& record, SegmentMap& segment) {
    auto chunk = decode_chunk_body(record.body());
    if (!chunk) return malformed(record);
    if (const std::string unknown = unknown_in(*chunk); !unknown.empty()) {
      return newer_version(x_name, unknown, record.offset);
    }
    saw(segment, chunk->facts.next_ordinal, chunk->facts.next_completion);
    saw(segment, chunk->facts.next_ordinal + chunk->facts.exchanges,
        chunk->facts.next_completion + chunk->facts.completions());
    segment.chunks.push_back({record.offset, static_cast<std::uint32_t>(record.header.record_size()), chunk->facts,
                              record.header.record_no, !record.payload_good});
    return {};
  }

  Result<void> take_blob(const Found& record, SegmentMap& segment) {
    const auto blob = decode_blob(record.body());
    if (!blob) return malformed(record);
    if (blob->codec > Codec::zstd) return newer_version(x_name, unknown_in(*blob), record.offset);
    if (!record.payload_good) return {};
    segment.blobs.push_back(
        {blob->blob, blob->part, record.offset, static_cast<std::uint32_t>(record.header.record_size())});
    return {};
  }

  Result<void> take_index(const Found& record, SegmentMap& segment) {
    const auto index = decode_index(record.body());
    if (!index) return malformed(record);
    saw(segment, index->next_ordinal, index->next_completion);
    return {};
  }

  Result<void> take_summary(const Found& record, SegmentMap& segment) {
    const auto summary = decode_summary(record.body());
    if (!summary) return malformed(record);
    if (!segment.first_ordinal) segment.first_ordinal = summary->first_ordinal;
    saw(segment, summary->next_ordinal, summary->next_completion);
    if (record.payload_good) segment.summary_offset = record.offset;
    return {};
  }

  Result<void> take_footer(const Found& record, Run& run) {
    const auto footer = decode_footer(record.body());
    if (!footer) return malformed(record);
    saw(run.segment, footer->next_ordinal, footer->next_completion);
    run.segment.sealed = record.payload_good;
    run.footer_offset = record.offset;
    return {};
  }

  Result<void> take_note(const Found& record, SegmentMap& segment) {
    const auto note = decode_note(record.body());
    if (!note) return malformed(record);
    auto json = note_json(record, x_keys);
    segment.notes.push_back({record.offset, *note, json.value_or("")});
    const bool readable = x_keys.has_key() || !record.header.encrypted();
    return json || !record.payload_good || !readable ? Result<void>() : malformed(record);
  }

  /// Hashes hold, but the body makes no sense: nothing of it is used.
  Result<void> malformed(const Found& record) {
    x_result.report.damaged.push_back({record.offset, record.header.size()});
    return {};
  }

  Result<void> refuse(const Found& record) {
    const std::uint64_t length = record.payload_good ? record.header.record_size() : record.header.size();
    x_result.report.damaged.push_back({record.offset, length});
    return {};
  }

  Error nothing_found() {
    const auto start = x_window.view(0, kHeaderSize);
    if (x_window.size() == 0) return not_a_tape(x_name, "it is empty");
    const std::uint8_t major = start ? claimed_major(*start) : std::uint8_t{0};
    if (major > kMajor) return newer_version(x_name, unknown_in_header(*start), 0);
    return not_a_tape(x_name, "no record found");
  }

  /// Plain records that stood in front of what says that the segment is encrypted.
  void refuse_plain(Run& run) {
    // In the order of their offsets, for a scan only goes forward.
    const auto is_plain = [&](std::uint64_t offset) {
      return std::ranges::binary_search(run.plain, offset, {}, &DamagedRange::offset);
    };
    const auto stands_plain = [&](const auto& record) { return is_plain(record.offset); };
    SegmentMap& segment = run.segment;
    std::erase_if(segment.chunks, stands_plain);
    std::erase_if(segment.blobs, stands_plain);
    std::erase_if(segment.notes, stands_plain);
    if (is_plain(segment.summary_offset)) segment.summary_offset = 0;
    if (is_plain(run.footer_offset)) segment.sealed = false;
    auto& damaged = x_result.report.damaged;
    damaged.insert(damaged.end(), run.plain.begin(), run.plain.end());
  }

  /// A recording has one key, or none, from its first segment to its last.
  void spread_encryption() {
    std::set<http::RecordingId> encrypted;
    for (const Run& run : x_runs) {
      if (run.segment.encrypted) encrypted.insert(run.id.recording);
    }
    for (Run& run : x_runs) run.segment.encrypted = encrypted.contains(run.id.recording);
  }

  Result<ScanResult> finish() {
    DamageReport& report = x_result.report;
    spread_encryption();
    for (Run& run : x_runs) {
      drop_replaced(run);
      if (run.segment.encrypted) {
        if (auto known = x_keys.check_any(x_name); !known) return known.error();
        refuse_plain(run);
      }
      report.segments.push_back({run.id.recording, run.id.number, run.segment.sealed});
      report.records += run.segment.records;
      report.missing += run.numbers.missing();
      report.skipped += run.skipped;
      add_segment(x_result.map, run.id.recording, std::move(run.segment));
    }
    if (x_result.map.recordings.size() > kMaxRecordings) {
      return too_many(x_name, "recordings", kMaxRecordings);
    }
    settle(x_result.map);
    return std::move(x_result);
  }

  SourceWindow x_window;
  std::string_view x_name;
  const TapeKeys& x_keys;
  std::vector<Run> x_runs;
  std::map<SegmentId, std::size_t> x_places;  // in x_runs
  std::uint64_t x_in_vain = 0;                // bytes hashed of payloads that were not whole
  std::uint64_t x_refused = 0;                // records that the key does not vouch for
  bool x_vouched = false;                     // for any
  ScanResult x_result;
};

}  // namespace

Result<ScanResult> scan_tape(const TapeFile& file) {
  const auto size = file.source->size();
  if (!size) return size.error();
  return Scanner(file, *size).run();
}

}  // namespace tapedeck::format
