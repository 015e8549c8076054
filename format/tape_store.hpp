#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/error.hpp"
#include "format/decoded_chunk.hpp"
#include "format/footers.hpp"
#include "format/scan.hpp"
#include "format/tape_file.hpp"

namespace tapedeck::format {

/// A tape whose records' places are known: hands out chunks (keeping the latest in memory, up to kReaderMemory) and
/// bodies that stand in BLOBs. One thread.
class TapeStore {
 public:
  TapeStore(std::shared_ptr<const TapeFile> file, ScanResult scanned);  // owners: the reader, and its stores

  const TapeMap& map() const { return x_map; }
  DamageReport& report() { return x_report; }
  const DamageReport& report() const { return x_report; }

  Result<std::shared_ptr<const DecodedChunk>> chunk(ChunkRef ref);
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

  /// A body in parts. Nothing if a part is gone or the lengths differ.
  Result<std::optional<std::string>> blob(std::uint32_t recording, std::uint64_t number, std::uint64_t length);
  /// What is there, from its start, of a body whose row does not say how long it is.
  struct Prefix {
    std::string bytes;  // with Load::bytes
    std::uint64_t length = 0;
    bool whole = false;  // its last part is there
  };
  enum class Load : std::uint8_t { lengths, bytes };
  Result<Prefix> blob_prefix(std::uint32_t recording, std::uint64_t number, Load load);
  /// Whether all parts seem to be there, by their headers.
  Result<bool> has_blob(std::uint32_t recording, std::uint64_t number, std::uint64_t length);

  const ChunkEntry& entry(ChunkRef ref) const {
    return x_map.recordings[ref.recording].segments[ref.segment].chunks[ref.chunk];
  }

 private:
  struct Cached {
    std::shared_ptr<const DecodedChunk> chunk;  // owners: the cache, and whoever reads it now
    std::list<std::uint64_t>::iterator use;
  };
  using Parts = std::pair<std::vector<BlobPart>::const_iterator, std::vector<BlobPart>::const_iterator>;
  Parts parts_of(std::uint32_t recording, std::uint64_t number) const;
  Result<std::optional<std::string>> part_bytes(std::uint32_t recording, std::uint64_t offset);
  bool is_part(std::uint32_t recording, const RecordHeader& header) const;
  Result<std::optional<WholeRecord>> read_part(std::uint32_t recording, std::uint64_t offset);
  void note_damage(const DecodedChunk& chunk, const ChunkEntry& entry);
  void trim();
  Result<void> find_completions(std::uint32_t recording);
  std::optional<ChunkRef> chunk_at(std::uint32_t recording, std::uint32_t segment, std::uint32_t epoch,
                                   std::uint32_t chunk_in_epoch) const;

  std::shared_ptr<const TapeFile> x_file;
  TapeMap x_map;
  DamageReport x_report;
  std::map<std::uint64_t, Cached> x_cache;  // by offset
  std::list<std::uint64_t> x_uses;          // latest first
  std::uint64_t x_memory = 0;
  std::set<std::uint32_t> x_completions_found;  // recordings whose chunks were searched after a scan
};

}  // namespace tapedeck::format
