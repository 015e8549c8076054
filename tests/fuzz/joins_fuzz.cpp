// Rows and parts that name each other, in any way: openings, completions, equal bodies, blobs and parts that equal
// others. The input is what they say, in small numbers, so that they meet.
#include <cstdint>
#include <string>
#include <vector>

#include "format/chunk_body.hpp"
#include "format/frame.hpp"
#include "format/row.hpp"
#include "format/segment_records.hpp"
#include "tests/fuzz/tape_bytes.hpp"

namespace {

using namespace tapedeck;
using namespace tapedeck::format;

/// Bytes of the input one by one; zeros behind its end.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : x_data(data), x_left(size) {}
  bool at_end() const { return x_left == 0; }
  std::uint8_t below(unsigned n) {
    if (x_left == 0) return 0;
    --x_left;
    return static_cast<std::uint8_t>(*x_data++ % n);
  }

 private:
  const std::uint8_t* x_data;
  std::size_t x_left;
};

class Tape {
 public:
  std::string make(Choices choices) {
    add(RecordType::file_header, encode(FileHeaderBody{}), {});
    while (!choices.at_end() && x_record_no < 60) {
      if (choices.below(3) == 0) {
        add_chunk(choices);
      } else {
        add_blob(choices);
      }
    }
    return std::move(x_bytes);
  }

 private:
  void add(RecordType type, const std::string& body, const std::vector<FrameContent>& frames) {
    const StoredPayload payload = store_payload(frames);
    RecordHeader header;
    header.flags = static_cast<std::uint8_t>(kFlagCritical | (payload.escaped ? kFlagEscaped : 0));
    header.type = type;
    header.segment.recording = {9};
    header.record_no = x_record_no++;
    header.payload_len = static_cast<std::uint32_t>(payload.bytes.size());
    header.payload_xxh3 = payload.xxh3;
    x_bytes += encode_header(header, body) + payload.bytes;
  }

  void add_blob(Choices& choices) {
    BlobBody blob;
    blob.blob = choices.below(6);
    blob.part = choices.below(4);
    blob.same_blob = choices.below(4) == 0 ? choices.below(6) : 0;
    blob.same_part = choices.below(4);
    blob.flags = choices.below(8);
    blob.raw_len = choices.below(4);
    std::vector<FrameContent> frames;
    if (blob.raw_len > 0 && blob.same_blob == 0) frames.push_back({Codec::raw, std::string(blob.raw_len, 'p')});
    add(RecordType::blob, encode(blob), frames);
  }

  static BodyPlace place(Choices& choices) {
    BodyPlace body;
    body.code = static_cast<BodyCode>(choices.below(7));
    body.length = choices.below(8);
    body.chunks_back = choices.below(3);
    body.index = choices.below(4);
    body.blob = choices.below(6);
    body.epochs_back = choices.below(2);
    body.omitted_because = choices.below(6);
    return body;
  }

  static RowMeta row(Choices& choices) {
    RowMeta made;
    made.kind = static_cast<RowKind>(choices.below(3));
    made.completes = choices.below(6);
    made.connection = choices.below(3);
    made.request_first = choices.below(10);
    made.status = choices.below(2) == 0 ? 0u : 200u;
    made.flags = choices.below(16);
    made.request_head_bytes = choices.below(4);
    made.response_head_bytes = choices.below(4);
    made.bodies = {place(choices), place(choices)};
    return made;
  }

  void add_chunk(Choices& choices) {
    ChunkBody chunk;
    MetaEncoder meta;
    const unsigned rows = choices.below(6);
    for (unsigned n = 0; n < rows; ++n) {
      const RowMeta made = row(choices);
      if (has_ordinal(made)) {
        ++chunk.facts.exchanges;
        chunk.facts.t_min = std::min(chunk.facts.t_min, made.request_first);
        chunk.facts.t_max = std::max(chunk.facts.t_max, made.request_first);
      }
      meta.add(made);
    }
    chunk.facts.rows = rows;
    chunk.facts.next_ordinal = x_ordinal;
    chunk.facts.next_completion = x_completion;
    chunk.facts.chunk_in_epoch = x_chunk++;
    x_ordinal += chunk.facts.exchanges;
    x_completion += chunk.facts.completions();
    const std::string heads("\x04GE\x06 / \x01\x00\x01\x01\x03\x00\x00\x04\r\n", 18);
    std::vector<FrameContent> frames;
    for (const auto& [id, bytes] : {std::pair<std::uint16_t, std::string>{1, meta.finish()},
                                    {2, heads},
                                    {3, heads},
                                    {4, "\x01v\x02ww"},
                                    {5, "request bodies"},
                                    {6, "response bodies"},
                                    {7, "stored"}}) {
      ColumnEntry entry;
      entry.id = id;
      entry.raw_len = static_cast<std::uint32_t>(bytes.size());
      entry.stored_len = entry.raw_len + 8;
      chunk.columns.push_back(entry);
      frames.push_back({Codec::raw, bytes});
    }
    add(RecordType::chunk, encode_chunk_body(chunk), frames);
  }

  std::string x_bytes;
  std::uint64_t x_record_no = 0;
  std::uint64_t x_ordinal = 0;
  std::uint64_t x_completion = 0;
  std::uint16_t x_chunk = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes = Tape().make({data, size});
  fuzz::repair(bytes);  // the hashes of columns
  auto reader = TapeReader::open(memory_source(bytes));
  fuzz::require(reader.has_value());
  for (const Bodies bodies : {Bodies::load, Bodies::skip}) {
    auto cursor = reader->in_time_order({}, bodies);
    for (;;) {
      const auto row = cursor.next();
      fuzz::require(row.has_value());
      if (!*row) break;
    }
  }
  const auto report = reader->verify(Check::every_row);
  fuzz::require(report.has_value());
  (void)reader->summary();
  fuzz::recover(*reader);
  return 0;
}
