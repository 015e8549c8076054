#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// The numbers of docs/tape-format.md, layout 1. Offsets within fixed structs stand where they are encoded and decoded.
namespace tapedeck::format {

inline constexpr std::uint32_t kRecordMagic = 0x184D2A57;  // a zstd skippable frame
inline constexpr std::uint32_t kOpaqueMagic = 0x184D2A58;
inline constexpr std::uint32_t kZstdMagic = 0xFD2FB528;
inline constexpr std::string_view kTag = "TAPE";
inline constexpr std::uint8_t kMajor = 1;
inline constexpr std::uint16_t kMinor = 0;

enum class RecordType : std::uint16_t {
  file_header = 1,
  chunk = 2,
  blob = 3,
  index = 4,
  summary = 5,
  footer = 6,
  note = 7,
};

inline constexpr std::uint8_t kFlagCritical = 1;
inline constexpr std::uint8_t kFlagEncrypted = 2;
inline constexpr std::uint8_t kFlagEscaped = 4;
inline constexpr std::uint8_t kKnownFlags = kFlagCritical | kFlagEncrypted | kFlagEscaped;

inline constexpr std::uint32_t kCompatSorted = 1;  // FILE_HEADER

enum class Codec : std::uint8_t { raw = 0, zstd = 1 };

enum class Column : std::uint16_t {
  meta = 1,
  request_heads = 2,
  response_heads = 3,
  values = 4,
  request_bodies = 5,
  response_bodies = 6,
  stored = 7,
  extra = 8,
  connections = 9,
  origins = 10,
  ext = 11,
};
inline constexpr std::uint16_t kColumnEnd = 12;  // one past the last known id
inline constexpr std::uint8_t kColumnCritical = 1;

enum class Stream : std::uint8_t {  // of META
  kind = 1,
  completes = 2,
  connection = 3,
  sequence = 4,
  stream = 5,
  method = 6,
  version = 7,
  status = 8,
  flags = 9,
  request_first = 10,
  request_last = 11,
  response_first = 12,
  response_last = 13,
  request_head = 14,
  response_head = 15,
  bodies = 16,
  body_arguments = 17,
  seen_lengths = 18,
  extra = 19,
  ext = 20,
  reason = 21,
};
inline constexpr std::uint8_t kStreamEnd = 22;

enum class RowKind : std::uint8_t { whole = 0, opening = 1, completion = 2 };
enum class BodyCode : std::uint8_t {
  none = 0,
  in_column = 1,
  stored = 2,
  equal = 3,
  blob = 4,
  omitted = 5,
  blob_open = 6
};

enum class ExtraKind : std::uint8_t { request_trailers = 1, response_trailers = 2, interim = 3 };
enum class ExtId : std::uint8_t { gap = 1, rules = 2 };

enum class ConnectionTag : std::uint8_t {
  client = 1,
  server = 2,
  upstream = 3,
  tls_version = 4,
  tls_cipher = 5,
  sni = 6,
  alpn = 7,
  opened = 8,
  certificate = 9,
};

inline constexpr std::uint8_t kBlobLast = 1;
inline constexpr std::uint8_t kBlobOfRequest = 2;
inline constexpr std::uint8_t kBlobCutShort = 4;

// Sizes of fixed parts, bytes.
inline constexpr std::size_t kHeaderSize = 64;
inline constexpr std::size_t kSyncSize = 12;
inline constexpr std::size_t kFileHeaderBody = 48;
inline constexpr std::size_t kChunkBody = 72;
inline constexpr std::size_t kColumnEntry = 24;
inline constexpr std::size_t kBlobBody = 56;
inline constexpr std::size_t kNoteBody = 72;
inline constexpr std::size_t kIndexBody = 48;
inline constexpr std::size_t kIndexChunk = 80;
inline constexpr std::size_t kIndexBlob = 24;
inline constexpr std::size_t kIndexCompletion = 16;
inline constexpr std::size_t kSummaryBody = 56;
inline constexpr std::size_t kSummaryEpoch = 64;
inline constexpr std::size_t kFooterBody = 64;
inline constexpr std::size_t kFooterRecord = kHeaderSize + kFooterBody;
static_assert(kFooterRecord == 128);
inline constexpr std::size_t kEncryptedFooterRecord = kFooterRecord + 24;  // an empty frame: its header and tag

inline constexpr std::string_view kFileHeaderText = "tapedeck tape, layout 1, see docs/tape-format.md\n";
inline constexpr std::string_view kFooterText = "TAPEEND\n";

// What a writer keeps to.
inline constexpr std::uint64_t kInlineBody = 256u << 10;  // also the size of a blob's part
inline constexpr std::uint32_t kChunkRows = 65'536;
inline constexpr std::uint32_t kEpochChunks = 256;
inline constexpr std::uint32_t kEpochBlobs = 65'536;
inline constexpr std::uint32_t kEpochCompletions = 262'144;  // so that an INDEX stays below kMaxFrame

// What a reader refuses to go beyond.
inline constexpr std::uint32_t kMaxBody = 4u << 10;
inline constexpr std::uint32_t kMaxPayload = 32u << 20;
inline constexpr std::uint32_t kMaxFrame = 16u << 20;   // decoded
inline constexpr std::uint64_t kMaxWindow = 16u << 20;  // of a zstd frame
inline constexpr std::uint32_t kMaxRows = 65'536;
inline constexpr std::uint16_t kMaxColumns = 64;
inline constexpr std::uint32_t kMaxStreams = 64;
inline constexpr std::uint32_t kMaxEpochChunks = 4096;
inline constexpr std::uint32_t kMaxEpochBlobs = 262'144;
inline constexpr std::uint64_t kMaxHead = 1u << 20;
inline constexpr std::uint64_t kMaxNoteJson = 64u << 10;
inline constexpr std::uint64_t kMaxExtra = 1u << 20;
inline constexpr std::uint64_t kMaxExt = 256u << 10;
inline constexpr std::uint64_t kMaxValue = 64u << 10;
inline constexpr std::size_t kMinValueBytes = 8;  // of VALUES, for each value there, on average
inline constexpr std::uint32_t kMaxBlobPart = 1u << 20;
inline constexpr std::uint64_t kMaxLoadedBody = 1u << 30;  // a body handed out in one piece
inline constexpr std::size_t kMaxRecordings = 4096;
inline constexpr std::size_t kMaxSegments = 65'536;
inline constexpr std::uint64_t kMaxWaitingRows = 4u << 20;  // for earlier ones, of a cursor: then they come late
inline constexpr std::uint64_t kMaxRowsAtOnce = 16u << 20;  // of a cursor, where many recordings begin at once
inline constexpr std::uint64_t kMaxCompletions = 1u << 20;  // or, if that is more, one for so many bytes of tape:
inline constexpr std::uint64_t kBytesPerCompletion = 16;
inline constexpr std::uint64_t kReaderMemory = 256u << 20;  // decoded chunks kept

}  // namespace tapedeck::format
