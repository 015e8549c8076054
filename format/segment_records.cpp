#include "format/segment_records.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

/// Appends fixed fields; the size is checked against the layout when all are there.
class Fields {
 public:
  template <class... T>
  Fields& operator()(T... values) {
    (put(x_out, values), ...);
    return *this;
  }
  // Not inlined: g++ 12 warns, wrongly, of a copy beyond the short string's own buffer.
  [[gnu::noinline]] std::string take(std::size_t size) {
    if (x_out.size() != size) std::abort();
    return std::move(x_out);
  }

 private:
  std::string x_out;
};

template <class... T>
void get(WireReader& reader, T&... fields) {
  ((fields = reader.fixed<T>()), ...);
}

}  // namespace

std::string encode(const FileHeaderBody& header) {
  return Fields()(header.minor, std::uint16_t{0}, header.compat, header.incompat, std::uint32_t{0}, header.created,
                  header.next_ordinal, header.next_completion, header.key_id)
      .take(kFileHeaderBody);
}

std::optional<FileHeaderBody> decode_file_header(std::string_view body) {
  WireReader reader(body);
  FileHeaderBody header;
  std::uint16_t zero16 = 0;
  std::uint32_t zero32 = 0;
  get(reader, header.minor, zero16, header.compat, header.incompat, zero32, header.created, header.next_ordinal,
      header.next_completion, header.key_id);
  if (!reader.ok()) return std::nullopt;
  return header;
}

std::string unknown_in(const FileHeaderBody& header) {
  return fmt::format("unknown incompat bits {:#010x} of a FILE_HEADER", header.incompat);
}

std::string encode(const BlobBody& blob) {
  return Fields()(blob.blob, blob.offset, blob.same_blob, blob.connection, blob.sequence, blob.part, blob.same_part,
                  blob.raw_len, static_cast<std::uint8_t>(blob.codec), blob.flags, std::uint16_t{0}, blob.epoch)
      .take(kBlobBody);
}

std::optional<BlobBody> decode_blob(std::string_view body) {
  WireReader reader(body);
  BlobBody blob;
  std::uint8_t codec = 0;
  std::uint16_t zero = 0;
  get(reader, blob.blob, blob.offset, blob.same_blob, blob.connection, blob.sequence, blob.part, blob.same_part,
      blob.raw_len, codec, blob.flags, zero, blob.epoch);
  blob.codec = static_cast<Codec>(codec);
  if (!reader.ok() || blob.raw_len > kMaxBlobPart) return std::nullopt;
  return blob;
}

std::string unknown_in(const BlobBody& blob) {
  return fmt::format("unknown codec {} of a BLOB", static_cast<unsigned>(blob.codec));
}

std::string encode(const NoteBody& note) {
  return Fields()(note.reason, note.level, std::uint32_t{0}, note.from, note.to, note.since_last.exchanges,
                  note.since_last.bytes, note.since_last.packets, note.total.exchanges, note.total.bytes,
                  note.total.packets)
      .take(kNoteBody);
}

std::optional<NoteBody> decode_note(std::string_view body) {
  WireReader reader(body);
  NoteBody note;
  std::uint32_t zero = 0;
  get(reader, note.reason, note.level, zero, note.from, note.to, note.since_last.exchanges, note.since_last.bytes,
      note.since_last.packets, note.total.exchanges, note.total.bytes, note.total.packets);
  if (!reader.ok()) return std::nullopt;
  return note;
}

std::string encode(const IndexBody& index) {
  return Fields()(index.epoch, index.chunks, index.blobs, index.completions, index.offset, index.previous,
                  index.next_ordinal, index.next_completion)
      .take(kIndexBody);
}

std::optional<IndexBody> decode_index(std::string_view body) {
  WireReader reader(body);
  IndexBody index;
  get(reader, index.epoch, index.chunks, index.blobs, index.completions, index.offset, index.previous,
      index.next_ordinal, index.next_completion);
  if (!reader.ok() || index.chunks > kMaxEpochChunks || index.blobs > kMaxEpochBlobs) return std::nullopt;
  return index;
}

std::string encode(const IndexEntries& entries) {
  Fields fields;
  for (const IndexChunk& chunk : entries.chunks) {
    fields(chunk.offset, chunk.next_ordinal, chunk.t_min, chunk.t_max, chunk.watermark, chunk.connection_min,
           chunk.connection_max, chunk.length, chunk.rows, chunk.exchanges, chunk.errors, chunk.methods, chunk.statuses,
           std::uint32_t{0});
  }
  for (const IndexBlob& blob : entries.blobs) fields(blob.offset, blob.blob, blob.part, blob.length);
  for (const IndexCompletion& done : entries.completions) fields(done.ordinal, done.chunk, done.row);
  return fields.take(entries.chunks.size() * kIndexChunk + entries.blobs.size() * kIndexBlob +
                     entries.completions.size() * kIndexCompletion);
}

std::optional<IndexEntries> decode_index_entries(const IndexBody& index, std::string_view payload) {
  const std::uint64_t expected = std::uint64_t{index.chunks} * kIndexChunk + std::uint64_t{index.blobs} * kIndexBlob +
                                 std::uint64_t{index.completions} * kIndexCompletion;
  if (payload.size() != expected) return std::nullopt;
  WireReader reader(payload);
  IndexEntries entries;
  entries.chunks.resize(index.chunks);
  for (IndexChunk& chunk : entries.chunks) {
    std::uint32_t zero = 0;
    get(reader, chunk.offset, chunk.next_ordinal, chunk.t_min, chunk.t_max, chunk.watermark, chunk.connection_min,
        chunk.connection_max, chunk.length, chunk.rows, chunk.exchanges, chunk.errors, chunk.methods, chunk.statuses,
        zero);
  }
  entries.blobs.resize(index.blobs);
  for (IndexBlob& blob : entries.blobs) get(reader, blob.offset, blob.blob, blob.part, blob.length);
  entries.completions.resize(index.completions);
  for (IndexCompletion& done : entries.completions) get(reader, done.ordinal, done.chunk, done.row);
  return entries;
}

std::string encode(const SummaryBody& summary) {
  return Fields()(summary.epochs, std::uint32_t{0}, summary.offset, summary.first_ordinal, summary.next_ordinal,
                  summary.next_completion, summary.t_min, summary.t_max)
      .take(kSummaryBody);
}

std::optional<SummaryBody> decode_summary(std::string_view body) {
  WireReader reader(body);
  SummaryBody summary;
  std::uint32_t zero = 0;
  get(reader, summary.epochs, zero, summary.offset, summary.first_ordinal, summary.next_ordinal,
      summary.next_completion, summary.t_min, summary.t_max);
  if (!reader.ok() || summary.epochs > kMaxFrame / kSummaryEpoch) return std::nullopt;
  return summary;
}

std::string encode(const std::vector<SummaryEpoch>& epochs) {
  Fields fields;
  for (const SummaryEpoch& e : epochs) {
    fields(e.epoch, e.chunks, e.index_offset, e.first_ordinal, e.exchanges, e.t_min, e.t_max, e.watermark,
           e.least_completed);
  }
  return fields.take(epochs.size() * kSummaryEpoch);
}

std::optional<std::vector<SummaryEpoch>> decode_summary_epochs(const SummaryBody& summary, std::string_view payload) {
  WireReader reader(payload);
  if (payload.size() < std::uint64_t{summary.epochs} * kSummaryEpoch) return std::nullopt;
  std::vector<SummaryEpoch> epochs(summary.epochs);
  for (SummaryEpoch& e : epochs) {
    get(reader, e.epoch, e.chunks, e.index_offset, e.first_ordinal, e.exchanges, e.t_min, e.t_max, e.watermark,
        e.least_completed);
  }
  return epochs;
}

std::string encode(const FooterBody& footer) {
  std::string out = Fields()(footer.offset, footer.summary, footer.index, footer.records, footer.next_ordinal,
                             footer.next_completion, std::uint64_t{0})
                        .take(kFooterBody - kFooterText.size());
  return out += kFooterText;
}

std::optional<FooterBody> decode_footer(std::string_view body) {
  WireReader reader(body);
  FooterBody footer;
  std::uint64_t zero = 0;
  get(reader, footer.offset, footer.summary, footer.index, footer.records, footer.next_ordinal, footer.next_completion,
      zero);
  if (reader.bytes(kFooterText.size()) != kFooterText) return std::nullopt;
  return footer;
}

}  // namespace tapedeck::format
