#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/buffer.hpp"
#include "format/layout.hpp"
#include "format/tape_key.hpp"

namespace tapedeck::format {

/// What becomes one payload frame: zstd-coded bytes (a whole zstd frame), or bytes as they are.
struct FrameContent {
  Codec codec = Codec::raw;
  std::string bytes;
};

/// One zstd context: not thread-safe, its output depends on level and input alone.
class Compressor {
 public:
  explicit Compressor(int level);
  /// A frame with content size and checksum.
  std::string compress(std::string_view raw);
  /// The same, or the bytes as they are where that is not smaller.
  FrameContent compress_or_keep(std::string_view raw);
  /// The same for what looks compressed already: at the speed of memory, and only what saves a hundredth is coded.
  FrameContent glance_or_keep(std::string raw);

 private:
  std::string_view compress_into_scratch(std::string_view raw, int level);

  int x_level;

  std::unique_ptr<void, void (*)(void*)> x_context;
  std::unique_ptr<char[]> x_scratch;  // kept: its pages are there
  std::size_t x_scratch_size = 0;
};

struct StoredFrame {
  std::uint32_t length = 0;
  std::uint64_t xxh3 = 0;
};

/// A payload as it goes into the stream.
struct StoredPayload {
  std::string bytes;
  bool escaped = false;
  std::uint64_t xxh3 = 0;
  std::vector<StoredFrame> frames;  // without the one that lists the escapes
};

/// Bare frames where the content is zstd-coded; if the sync pattern occurs, the whole payload is escaped.
/// `room`: memory to use for it.
StoredPayload store_payload(const std::vector<FrameContent>& frames, std::string room = {});

/// Bytes of a frame whose content is encrypted, header and tag included.
std::uint32_t encrypted_length(const FrameContent& frame);

/// All frames opaque, their contents encrypted. Never escaped: the caller looks for the sync pattern.
StoredPayload encrypt_payload(const std::vector<FrameContent>& frames, const SegmentKey& key, std::uint64_t record_no,
                              std::string_view associated);

/// Undoes the escaping in place and drops the frame that lists the hits. False if the list is malformed.
bool unescape_payload(std::string& payload);

/// The content of one stored frame, which fills `frame`. Nothing if it is malformed.
std::optional<std::string_view> frame_content(std::string_view frame);

/// Decoded bytes. Nothing if the content is corrupt or not of exactly `raw_len` bytes.
std::optional<Buffer> decode_content(std::string_view content, Codec codec, std::uint32_t raw_len);
/// The same, to where there is room for `raw_len` bytes. False if it cannot be; then these bytes are anything.
bool decode_content(std::string_view content, Codec codec, std::uint32_t raw_len, char* into);
/// For records that do not state a length: zstd content of at most `limit` bytes.
std::optional<std::string> decode_content_up_to(std::string_view content, std::uint64_t limit);

}  // namespace tapedeck::format
