#include "format/scan.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "format/format_error.hpp"
#include "format/frame.hpp"
#include "format/source_window.hpp"

namespace tapedeck::format {
namespace {

/// Record numbers that lack in a segment, or whose record is damaged.
struct Hole {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool damaged = false;
};

/// A segment as it stands in the stream.
struct Run {
  SegmentId id;
  std::uint64_t next_record_no = 0;
  std::vector<Hole> holes;
  std::uint64_t skipped = 0;
  std::size_t again_behind = 0;  // so many runs stood before this one's records were met once more

  std::uint64_t missing() const {
    std::uint64_t n = 0;
    for (const Hole& hole : holes) n += hole.damaged ? 0 : hole.to - hole.from;
    return n;
  }
  SegmentMap segment;
  std::vector<DamagedRange> plain;  // records with a payload that is not encrypted
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

bool wants_payload(RecordType type) { return type == RecordType::note; }

std::optional<std::string> note_json(const Found& record, const TapeKeys& keys) {
  const auto content = frame_content(record.payload);
  if (!content || !record.header.encrypted()) {
    return content ? decode_content_up_to(*content, kMaxNoteJson) : std::nullopt;
  }
  const auto plain = keys.open(record.header, 0, *content, record.head);
  return plain ? decode_content_up_to(*plain, kMaxNoteJson) : std::nullopt;
}

class Scanner {
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
    // With the next record's header, so that each is one read.
    auto payload = x_window.view(payload_at, record.header.payload_len + kHeaderSize + kMaxBody);
    if (!payload) return payload.error();
    *payload = payload->substr(0, record.header.payload_len);
    record.payload_good = payload->size() == record.header.payload_len && xxh3(*payload) == record.header.payload_xxh3;
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
    if (!header.encrypted() || payload.empty() || !x_keys.has_key()) return true;
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
    const auto is_it = [&](const Run& r) { return r.id == header.segment; };
    const bool goes_on = !x_runs.empty() && is_it(x_runs.back());
    auto run = goes_on ? x_runs.end() - 1 : std::find_if(x_runs.begin(), x_runs.end(), is_it);
    if (run == x_runs.end()) {
      x_runs.emplace_back();
      run = x_runs.end() - 1;
      run->id = header.segment;
      run->segment.number = header.segment.number;
    }
    if (header.record_no < run->next_record_no) return run_with_hole(*run, record);
    drop_left_over(run);
    add_hole(*run, {run->next_record_no, header.record_no, false});
    run->next_record_no = header.record_no + 1;
    if (!record.payload_good) add_hole(*run, {header.record_no, header.record_no + 1, true});
    run->segment.sealed = false;
    ++run->segment.records;
    return &*run;
  }

  /// The segment goes on: what lay between was left over from something else, unless it is another copy that goes on.
  void drop_left_over(std::vector<Run>::iterator run) {
    const auto again = static_cast<std::ptrdiff_t>(std::min(run->again_behind, x_runs.size()));
    const auto first = std::max(run + 1, x_runs.begin() + again);
    for (auto between = first; between != x_runs.end(); ++between) x_result.report.stale += between->segment.records;
    x_runs.erase(first, x_runs.end());
  }

  static void add_hole(Run& run, const Hole& hole) {
    if (hole.from < hole.to) run.holes.push_back(hole);
  }

  /// The segment stands there once more. A record that lacked, or was damaged where it was met first, is taken from
  /// here.
  Run* run_with_hole(Run& run, const Found& record) {
    run.again_behind = x_runs.size();
    const std::uint64_t no = record.header.record_no;
    const auto hole =
        std::find_if(run.holes.begin(), run.holes.end(), [&](const Hole& h) { return h.from <= no && no < h.to; });
    if (hole == run.holes.end() || !record.payload_good) {
      ++x_result.report.stale;
      return nullptr;
    }
    const Hole filled = *hole;
    run.holes.erase(hole);
    add_hole(run, {filled.from, no, false});
    add_hole(run, {no + 1, filled.to, false});
    if (filled.damaged) {
      std::erase_if(run.segment.chunks, [&](const ChunkEntry& chunk) { return chunk.record_no == no; });
    } else {
      ++run.segment.records;
    }
    return &run;
  }

  Result<void> accept(const Found& record) {
    Run* run = run_for(record);
    if (run == nullptr) return {};
    if (x_runs.size() > kMaxSegments) return too_many("segments", kMaxSegments);
    note_encryption(record, *run);
    switch (record.header.type) {
      case RecordType::file_header: return take_file_header(record, run->segment);
      case RecordType::chunk: return take_chunk(record, run->segment);
      case RecordType::blob: return take_blob(record, run->segment);
      case RecordType::index: take_index(record, run->segment); return {};
      case RecordType::summary: take_summary(record, run->segment); return {};
      case RecordType::footer: take_footer(record, run->segment); return {};
      case RecordType::note: take_note(record, run->segment); return {};
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
    } else if (header.type != RecordType::file_header && header.payload_len > 0 && record.payload_good) {
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

  static void take_index(const Found& record, SegmentMap& segment) {
    if (const auto index = decode_index(record.body())) saw(segment, index->next_ordinal, index->next_completion);
  }

  static void take_summary(const Found& record, SegmentMap& segment) {
    const auto summary = decode_summary(record.body());
    if (!summary) return;
    if (!segment.first_ordinal) segment.first_ordinal = summary->first_ordinal;
    saw(segment, summary->next_ordinal, summary->next_completion);
    if (record.payload_good) segment.summary_offset = record.offset;
  }

  static void take_footer(const Found& record, SegmentMap& segment) {
    const auto footer = decode_footer(record.body());
    if (!footer) return;
    saw(segment, footer->next_ordinal, footer->next_completion);
    segment.sealed = true;
  }

  void take_note(const Found& record, SegmentMap& segment) {
    const auto note = decode_note(record.body());
    if (note) segment.notes.push_back({record.offset, *note, note_json(record, x_keys).value_or("")});
  }

  /// Hashes hold, but the body makes no sense: nothing of it is used.
  Result<void> malformed(const Found& record) {
    x_result.report.damaged.push_back({record.offset, record.header.size()});
    return {};
  }

  Error too_many(std::string_view what, std::size_t limit) const {
    return make_error(errc::limit_exceeded, std::string(x_name) + ": holds more than " + std::to_string(limit) + " " +
                                                std::string(what) + ": read its parts one by one");
  }

  Error nothing_found() {
    const auto start = x_window.view(0, kHeaderSize);
    if (x_window.size() == 0) return not_a_tape(x_name, "it is empty");
    const std::uint8_t major = start ? claimed_major(*start) : std::uint8_t{0};
    if (major > kMajor) return newer_version(x_name, unknown_in_header(*start), 0);
    return not_a_tape(x_name, "no record found");
  }

  /// Under a key nothing plain is believed: whoever can write to the file could have put it there.
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
    auto& damaged = x_result.report.damaged;
    damaged.insert(damaged.end(), run.plain.begin(), run.plain.end());
  }

  Result<ScanResult> finish() {
    DamageReport& report = x_result.report;
    for (Run& run : x_runs) {
      if (run.segment.encrypted) {
        if (auto known = x_keys.check_any(x_name); !known) return known.error();
        refuse_plain(run);
      }
      report.segments.push_back({run.id.recording, run.id.number, run.segment.sealed});
      report.records += run.segment.records;
      report.missing += run.missing();
      report.skipped += run.skipped;
      add_segment(x_result.map, run.id.recording, std::move(run.segment));
    }
    if (x_result.map.recordings.size() > kMaxRecordings) {
      return too_many("recordings", kMaxRecordings);
    }
    settle(x_result.map);
    return std::move(x_result);
  }

  SourceWindow x_window;
  std::string_view x_name;
  const TapeKeys& x_keys;
  std::vector<Run> x_runs;
  std::uint64_t x_refused = 0;  // records that the key does not vouch for
  bool x_vouched = false;       // for any
  ScanResult x_result;
};

}  // namespace

Error newer_version(std::string_view name, std::string_view what, std::uint64_t offset) {
  return make_error(errc::newer_version,
                    fmt::format("{}: needs a newer tapedeck: {} at byte {} (this one reads tape layout {}.{}): read it "
                                "with the version that wrote it, or a later one",
                                name, what, offset, kMajor, kMinor));
}

Error key_needed(std::string_view name) {
  return make_error(errc::key_needed,
                    std::string(name) + ": encrypted: give the key it was written with, --key-file FILE");
}

Error wrong_key(std::string_view name) {
  return make_error(errc::wrong_key, std::string(name) +
                                         ": encrypted with another key than --key-file holds: give the "
                                         "one it was written with");
}

Error not_a_tape(std::string_view name, std::string_view why) {
  return make_error(errc::not_a_tape, std::string(name) + ": not a tape (" + std::string(why) +
                                          "): give a file that `tapedeck record` or `tapedeck import` wrote");
}

Result<ScanResult> scan_tape(const TapeFile& file) {
  const auto size = file.source->size();
  if (!size) return size.error();
  return Scanner(file, *size).run();
}

}  // namespace tapedeck::format
