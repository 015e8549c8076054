#include "format/segment_writer.hpp"

#include <algorithm>
#include <array>

#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

std::uint8_t flags_of(RecordType type) {
  const bool critical = type == RecordType::file_header || type == RecordType::chunk || type == RecordType::blob;
  return critical ? kFlagCritical : std::uint8_t{0};
}

void put_column_hashes(std::string& chunk_body, const std::vector<StoredFrame>& frames) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    store<std::uint64_t>(chunk_body, kChunkBody + (i + 1) * kColumnEntry - sizeof(std::uint64_t), frames[i].xxh3);
  }
}

}  // namespace

SegmentWriter::SegmentWriter(std::unique_ptr<ByteSink> sink, SegmentId id, Counts first, int level,
                             const std::optional<TapeKey>& key)
    : x_sink(std::move(sink)), x_id(id), x_compressor(level), x_first_ordinal(first.ordinals), x_next(first) {
  if (key) x_key = segment_key(*key, id);
}

Result<void> SegmentWriter::write_record(RecordType type, std::string_view body, const StoredPayload& payload) {
  RecordHeader header;
  const bool is_encrypted = x_key && type != RecordType::file_header;
  header.flags = static_cast<std::uint8_t>(flags_of(type) | (is_encrypted ? kFlagEncrypted : 0) |
                                           (payload.escaped ? kFlagEscaped : 0));
  header.type = type;
  header.segment = x_id;
  header.record_no = x_record_no++;  // used up even if it does not reach the sink: a nonce follows from it
  header.payload_len = static_cast<std::uint32_t>(payload.bytes.size());
  header.payload_xxh3 = payload.xxh3;
  const std::string head = encode_header(header, body);
  const std::array<ConstBytes, 2> pieces{as_bytes(head), as_bytes(payload.bytes)};
  if (auto appended = x_sink->append(pieces); !appended) {
    // Best effort: what stays behind if this fails too is a torn end, which readers step over.
    (void)x_sink->cut_back(x_offset);
    return appended.error();
  }
  x_offset += head.size() + payload.bytes.size();
  x_unsynced = true;
  return {};
}

/// `body` is complete but for the hashes of a CHUNK's columns.
Result<void> SegmentWriter::write_encrypted(RecordType type, std::string body,
                                            const std::vector<FrameContent>& frames) {
  RecordHeader header;
  header.flags = static_cast<std::uint8_t>(flags_of(type) | kFlagEncrypted);
  header.type = type;
  header.segment = x_id;
  header.payload_len = 0;
  for (const FrameContent& frame : frames) header.payload_len += encrypted_length(frame);
  StoredPayload payload;
  for (;; ++x_record_no) {
    header.record_no = x_record_no;
    payload = encrypt_payload(frames, *x_key, x_record_no, associated_data(encode_header(header, body)));
    if (find_sync(payload.bytes) == std::string::npos) break;
  }
  if (type == RecordType::chunk) put_column_hashes(body, payload.frames);
  return write_record(type, body, payload);
}

Result<void> SegmentWriter::write_coded(RecordType type, std::string_view body, std::string_view content) {
  std::vector<FrameContent> frames;
  frames.push_back({Codec::zstd, x_compressor.compress(content)});
  if (x_key && type != RecordType::file_header) return write_encrypted(type, std::string(body), frames);
  return write_record(type, body, store_payload(frames));
}

Result<void> SegmentWriter::write_file_header(const FileHeaderBody& header) {
  return write_coded(RecordType::file_header, encode(header), kFileHeaderText);
}

Result<void> SegmentWriter::write(const EncodeJob& job) {
  const std::uint64_t offset = x_offset;
  const auto written =
      x_key ? write_encrypted(job.type, job.body, job.frames) : write_record(job.type, job.body, job.payload);
  if (!written) return written;
  if (job.type == RecordType::chunk) {
    remember_chunk(job.chunk, offset);
  } else if (job.type == RecordType::blob) {
    const BlobBody blob = *decode_blob(job.body);
    x_entries.blobs.push_back({offset, blob.blob, blob.part, static_cast<std::uint32_t>(x_offset - offset)});
  }
  return {};
}

void SegmentWriter::remember_chunk(const ClosedChunk& chunk, std::uint64_t offset) {
  const ChunkFacts& facts = chunk.facts;
  IndexChunk entry;
  entry.offset = offset;
  entry.next_ordinal = facts.next_ordinal;
  entry.t_min = facts.t_min;
  entry.t_max = facts.t_max;
  entry.watermark = facts.watermark;
  entry.connection_min = facts.connection_min;
  entry.connection_max = facts.connection_max;
  entry.length = static_cast<std::uint32_t>(x_offset - offset);
  entry.rows = facts.rows;
  entry.exchanges = facts.exchanges;
  entry.errors = chunk.errors;
  entry.methods = chunk.methods;
  entry.statuses = chunk.statuses;
  x_entries.chunks.push_back(entry);
  for (IndexCompletion done : chunk.completions) {
    done.chunk = facts.chunk_in_epoch;
    x_entries.completions.push_back(done);
  }
  x_next.ordinals = facts.next_ordinal + facts.exchanges;
  x_next.completions = facts.next_completion + facts.completions();
}

void SegmentWriter::remember_epoch(std::uint32_t epoch, std::uint64_t index_offset) {
  SummaryEpoch entry;
  entry.epoch = epoch;
  entry.chunks = static_cast<std::uint32_t>(x_entries.chunks.size());
  entry.index_offset = index_offset;
  entry.first_ordinal = x_entries.chunks.empty() ? x_next.ordinals : x_entries.chunks.front().next_ordinal;
  if (!x_entries.completions.empty()) entry.least_completed = x_entries.completions.front().ordinal;
  for (const IndexChunk& chunk : x_entries.chunks) {
    entry.exchanges += chunk.exchanges;
    entry.t_min = std::min(entry.t_min, chunk.t_min);
    entry.t_max = std::max(entry.t_max, chunk.t_max);
    entry.watermark = std::max(entry.watermark, chunk.watermark);
  }
  x_epochs.push_back(entry);
  x_entries.chunks.clear();
  x_entries.blobs.clear();
  x_entries.completions.clear();
}

Result<void> SegmentWriter::write_index(std::uint32_t epoch) {
  if (!in_epoch()) return {};
  IndexBody index;
  index.epoch = epoch;
  index.chunks = static_cast<std::uint32_t>(x_entries.chunks.size());
  index.blobs = static_cast<std::uint32_t>(x_entries.blobs.size());
  index.completions = static_cast<std::uint32_t>(x_entries.completions.size());
  index.offset = x_offset;
  index.previous = x_last_index;
  index.next_ordinal = x_next.ordinals;
  index.next_completion = x_next.completions;
  std::sort(x_entries.completions.begin(), x_entries.completions.end(),
            [](const IndexCompletion& a, const IndexCompletion& b) { return a.ordinal < b.ordinal; });
  const std::uint64_t offset = x_offset;
  if (auto written = write_coded(RecordType::index, encode(index), encode(x_entries)); !written) return written;
  x_last_index = offset;
  remember_epoch(epoch, offset);
  return {};
}

Result<void> SegmentWriter::write_summary_and_footer(std::string_view json) {
  SummaryBody summary;
  summary.epochs = static_cast<std::uint32_t>(x_epochs.size());
  summary.offset = x_offset;
  summary.first_ordinal = x_first_ordinal;
  summary.next_ordinal = x_next.ordinals;
  summary.next_completion = x_next.completions;
  for (const SummaryEpoch& epoch : x_epochs) {
    summary.t_min = std::min(summary.t_min, epoch.t_min);
    summary.t_max = std::max(summary.t_max, epoch.t_max);
  }
  std::string content = encode(x_epochs);
  content += json;
  if (auto written = write_coded(RecordType::summary, encode(summary), content); !written) return written;
  FooterBody footer;
  footer.offset = x_offset;
  footer.summary = summary.offset;
  footer.index = x_last_index;
  footer.records = x_record_no + 1;
  footer.next_ordinal = x_next.ordinals;
  footer.next_completion = x_next.completions;
  if (x_key) return write_encrypted(RecordType::footer, encode(footer), {FrameContent{}});
  return write_record(RecordType::footer, encode(footer), store_payload({}));
}

Result<void> SegmentWriter::sync() {
  if (!x_unsynced) return {};
  if (auto synced = x_sink->sync(); !synced) return synced;
  x_unsynced = false;
  return {};
}

}  // namespace tapedeck::format
