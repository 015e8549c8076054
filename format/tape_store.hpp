#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "format/decoded_chunk.hpp"
#include "format/scan.hpp"
#include "format/tape_file.hpp"
#include "format/whole_record.hpp"

namespace tapedeck::format {

/// How closely the parts of a body are looked at: headers, checksums of what is stored, the bytes.
enum class Depth : std::uint8_t { headers, stored, decoded };

/// A tape whose records' places are known: hands out chunks (keeping the latest in memory, up to kReaderMemory) and
/// bodies that stand in BLOBs. One thread.
class TapeStore {
 public:
  /// Owners of both: the reader, those that began as its likes, and their stores.
  TapeStore(std::shared_ptr<const TapeFile> file, std::shared_ptr<const ScanResult> opened);

  const std::string& name() const { return x_file->name; }
  const TapeMap& map() const { return x_opened->map; }
  DamageReport& report() { return x_report; }
  const DamageReport& report() const { return x_report; }

  Result<std::shared_ptr<const DecodedChunk>> chunk(ChunkRef ref);
  /// For rows() and id() only; what is not in memory is not kept there.
  Result<std::shared_ptr<const DecodedChunk>> ids(ChunkRef ref);
  /// All rows of the chunk have been handed out: its bodies are not needed for these any more.
  void let_go(ChunkRef ref);
  /// What the chunks that are kept take, roughly.
  std::uint64_t memory() const { return x_memory; }
  /// The chunk so many before `from` in its epoch; null if it is not there.
  Result<std::shared_ptr<const DecodedChunk>> earlier(const std::shared_ptr<const DecodedChunk>& from,
                                                      std::uint64_t back);
  /// The row that completes an exchange; nothing if none is known of.
  struct Completion {
    std::shared_ptr<const DecodedChunk> chunk;  // null: an index lists it, and it cannot be read
    std::uint32_t row = 0;
  };
  Result<std::optional<Completion>> completion(std::uint32_t recording, std::uint64_t ordinal);
  /// How many completions of the recording can be read. After a scan only.
  Result<std::uint64_t> readable_completions(std::uint32_t recording);

  /// Walks over a body in parts, from its first one: to its last, to one that is gone, or to where `limit` bytes are
  /// reached; a part that would go beyond is not there. `visit` is given the bytes of what is decoded.
  struct Walked {
    std::uint64_t length = 0;
    bool whole = false;  // the last part is there
  };
  Result<Walked> walk_blob(std::uint32_t recording, std::uint64_t number, std::uint64_t limit, Depth depth,
                           const BodyVisitor& visit = {});
  const BodyLimits& limits() const { return x_file->bodies; }
  /// A row speaks of this body.
  void name_blob(std::uint32_t recording, std::uint64_t number);
  void name_blobs_of(std::uint32_t recording, const RowMeta& row);
  /// The same for all rows there are, by META alone; nothing is read where there are no such bodies.
  Result<void> name_blobs();
  /// Puts body bytes in parts that no row read so far speaks of into the report.
  Result<void> count_unnamed_bytes();

  const ChunkEntry& entry(ChunkRef ref) const {
    return map().recordings[ref.recording].segments[ref.segment].chunks[ref.chunk];
  }

 private:
  struct Cached {
    std::shared_ptr<const DecodedChunk> chunk;  // owners: the cache, and whoever reads it now
    std::list<std::uint64_t>::iterator use;
    std::uint64_t memory = 0;  // as counted in x_memory
  };
  using Parts = std::pair<std::vector<BlobPart>::const_iterator, std::vector<BlobPart>::const_iterator>;
  Parts parts_of(std::uint32_t recording, std::uint64_t number) const;
  struct Part {
    std::uint32_t raw_len = 0;
    bool last = false;
    Buffer bytes;  // Depth::decoded
  };
  Result<std::optional<Part>> part(std::uint32_t recording, std::uint64_t offset, Depth depth);
  Result<std::optional<Part>> stored_part(std::uint32_t recording, std::uint64_t offset, Depth depth);
  bool is_part(std::uint32_t recording, const RecordHeader& header) const;
  Result<std::optional<WholeRecord>> read_part(std::uint32_t recording, std::uint64_t offset);
  void note_damage(const DecodedChunk& chunk, const ChunkEntry& entry);
  Result<std::shared_ptr<const DecodedChunk>> load(ChunkRef ref, Extent extent) const;
  void count_memory(Cached& cached);
  void trim();
  Result<const std::vector<CompletionPlace>*> completions_of(std::uint32_t recording);
  std::optional<ChunkRef> chunk_at(std::uint32_t recording, std::uint32_t segment, std::uint32_t epoch,
                                   std::uint32_t chunk_in_epoch) const;

  std::shared_ptr<const TapeFile> x_file;
  std::shared_ptr<const ScanResult> x_opened;
  DamageReport x_report;
  std::map<std::uint32_t, std::vector<bool>> x_named;  // by recording: blobs that rows speak of, at their first parts
  std::unordered_map<std::uint64_t, Cached> x_cache;   // by offset
  std::list<std::uint64_t> x_uses;                     // latest first
  std::uint64_t x_memory = 0;
  std::uint64_t x_found = 0;                                            // completions
  std::map<std::uint32_t, std::vector<CompletionPlace>> x_completions;  // by recording: found in chunks after a scan
};

}  // namespace tapedeck::format
