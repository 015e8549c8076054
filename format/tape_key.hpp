#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "format/record.hpp"

// Encryption of tapes: AES-256-GCM, a key for each segment, nonces from record numbers (docs/tape-format.md,
// Encryption).
namespace tapedeck::format {

enum class Encrypted : std::uint8_t { no, yes };

/// The secret that encrypted tapes are written and read with.
struct TapeKey {
  std::array<std::uint8_t, 32> bytes{};
};

struct KeyFile {
  TapeKey key;
  bool others_can_read = false;  // worth a warning
};
/// Exactly 32 bytes, or an error that says how to make such a file.
Result<KeyFile> read_key_file(const std::filesystem::path& path);

/// What a FILE_HEADER says about its key.
std::uint64_t key_id_of(const TapeKey& key);

using SegmentKey = std::array<std::uint8_t, 32>;
SegmentKey segment_key(const TapeKey& key, const SegmentId& segment);

inline constexpr std::size_t kCipherTag = 16;  // bytes that encryption adds to a frame's content

/// Names a frame within its segment: never the same twice under one segment key.
struct FrameNumber {
  std::uint64_t record_no = 0;
  std::uint16_t index = 0;
};

/// What is authenticated with each frame of a record. `head`: header and body as stored; the hashes in them may still
/// be missing.
std::string associated_data(std::string_view head);

/// Ciphertext and tag.
std::string encrypt(const SegmentKey& key, FrameNumber frame, std::string_view plain, std::string_view associated);
/// Nothing if it is not what was encrypted.
std::optional<std::string> decrypt(const SegmentKey& key, FrameNumber frame, std::string_view content,
                                   std::string_view associated);

}  // namespace tapedeck::format
