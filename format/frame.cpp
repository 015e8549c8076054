#include "format/frame.hpp"

#include <algorithm>
#include <cstdlib>

#include <zstd.h>

#include "format/record.hpp"
#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kFrameHeader = 8;
constexpr char kEscape = static_cast<char>(0xA8);
constexpr char kSyncFirst = 0x57;

void append_opaque(std::string& out, std::string_view content) {
  put<std::uint32_t>(out, kOpaqueMagic);
  put<std::uint32_t>(out, static_cast<std::uint32_t>(content.size()));
  out += content;
}

std::string lay_out(const std::vector<FrameContent>& frames, bool all_opaque, std::vector<StoredFrame>& stored,
                    std::string out) {
  out.clear();
  std::size_t total = 0;
  for (const FrameContent& frame : frames) total += frame.bytes.size() + kFrameHeader;
  out.reserve(total);
  stored.clear();
  for (const FrameContent& frame : frames) {
    const std::size_t start = out.size();
    if (frame.codec == Codec::zstd && !all_opaque) {
      out += frame.bytes;
    } else {
      append_opaque(out, frame.bytes);
    }
    stored.push_back({static_cast<std::uint32_t>(out.size() - start), 0});
  }
  return out;
}

void escape(std::string& payload) {
  std::string hits;
  for (std::size_t at = find_sync(payload); at != std::string::npos; at = find_sync(payload, at + 1)) {
    put<std::uint32_t>(hits, static_cast<std::uint32_t>(at));
    payload[at] = kEscape;
  }
  append_opaque(payload, hits);
}

/// What a zstd frame asks a decoder to hold (RFC 8878, 3.1.1.1.2); 0 if it says none: then it is the content's size.
std::uint64_t window_of(std::string_view frame) {
  constexpr std::size_t kDescriptor = 4;
  constexpr std::uint8_t kSingleSegment = 0x20;
  if (frame.size() < kDescriptor + 2 || (load<std::uint8_t>(frame, kDescriptor) & kSingleSegment) != 0) return 0;
  const auto window = load<std::uint8_t>(frame, kDescriptor + 1);
  const std::uint64_t base = std::uint64_t{1} << (10 + (window >> 3));
  return base + base / 8 * (window & 7);
}

void hash_frames(StoredPayload& payload) {
  std::size_t at = 0;
  for (StoredFrame& frame : payload.frames) {
    frame.xxh3 = xxh3(std::string_view(payload.bytes).substr(at, frame.length));
    at += frame.length;
  }
  payload.xxh3 = xxh3(payload.bytes);
}

/// 4 GB/s where nothing can be saved; of images it saves as much as level 1, some 4 %.
constexpr int kGlanceLevel = -5;

}  // namespace

Compressor::Compressor(int level)
    : x_level(level),
      x_context(ZSTD_createCCtx(), [](void* context) { ZSTD_freeCCtx(static_cast<ZSTD_CCtx*>(context)); }) {
  auto* context = static_cast<ZSTD_CCtx*>(x_context.get());
  if (context == nullptr) std::abort();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
}

std::string_view Compressor::compress_into_scratch(std::string_view raw, int level) {
  const std::size_t bound = ZSTD_compressBound(raw.size());
  if (bound > x_scratch_size) {
    x_scratch = std::make_unique_for_overwrite<char[]>(bound);
    x_scratch_size = bound;
  }
  auto* context = static_cast<ZSTD_CCtx*>(x_context.get());
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  const std::size_t n = ZSTD_compress2(context, x_scratch.get(), bound, raw.data(), raw.size());
  if (ZSTD_isError(n) != 0) std::abort();  // only memory can run out: the output has room
  return {x_scratch.get(), n};
}

std::string Compressor::compress(std::string_view raw) { return std::string(compress_into_scratch(raw, x_level)); }

FrameContent Compressor::compress_or_keep(std::string_view raw) {
  const std::string_view coded = compress_into_scratch(raw, x_level);
  if (coded.size() < raw.size() + kFrameHeader) return {Codec::zstd, std::string(coded)};
  return {Codec::raw, std::string(raw)};
}

FrameContent Compressor::glance_or_keep(std::string raw) {
  const std::string_view coded = compress_into_scratch(raw, kGlanceLevel);
  if (coded.size() < raw.size() - raw.size() / 100) return {Codec::zstd, std::string(coded)};
  return {Codec::raw, std::move(raw)};
}

StoredPayload store_payload(const std::vector<FrameContent>& frames, std::string room) {
  StoredPayload payload;
  payload.bytes = lay_out(frames, false, payload.frames, std::move(room));
  if (find_sync(payload.bytes) != std::string::npos) {
    payload.bytes = lay_out(frames, true, payload.frames, std::move(payload.bytes));
    payload.escaped = true;
    escape(payload.bytes);
  }
  hash_frames(payload);
  return payload;
}

std::uint32_t encrypted_length(const FrameContent& frame) {
  return static_cast<std::uint32_t>(kFrameHeader + frame.bytes.size() + kCipherTag);
}

StoredPayload encrypt_payload(const std::vector<FrameContent>& frames, const SegmentKey& key, std::uint64_t record_no,
                              std::string_view associated) {
  StoredPayload payload;
  for (std::uint16_t i = 0; i < frames.size(); ++i) {
    append_opaque(payload.bytes, encrypt(key, {record_no, i}, frames[i].bytes, associated));
    payload.frames.push_back({encrypted_length(frames[i]), 0});
  }
  hash_frames(payload);
  return payload;
}

bool unescape_payload(std::string& payload) {
  std::size_t at = 0;
  std::size_t last = 0;
  while (at < payload.size()) {
    if (payload.size() - at < kFrameHeader || load<std::uint32_t>(payload, at) != kOpaqueMagic) return false;
    const std::size_t length = kFrameHeader + load<std::uint32_t>(payload, at + 4);
    if (length > payload.size() - at) return false;
    last = at;
    at += length;
  }
  if (payload.empty()) return false;
  WireReader hits(std::string_view(payload).substr(last + kFrameHeader));
  std::int64_t previous = -1;
  while (!hits.at_end()) {
    const auto hit = hits.fixed<std::uint32_t>();
    if (!hits.ok() || hit <= previous || hit >= last || payload[hit] != kEscape) return false;
    payload[hit] = kSyncFirst;
    previous = hit;
  }
  payload.resize(last);
  return true;
}

std::optional<std::string_view> frame_content(std::string_view frame) {
  if (frame.size() < kFrameHeader) return std::nullopt;
  const auto magic = load<std::uint32_t>(frame, 0);
  if (magic == kZstdMagic) return frame;
  if (magic != kOpaqueMagic || load<std::uint32_t>(frame, 4) != frame.size() - kFrameHeader) return std::nullopt;
  return frame.substr(kFrameHeader);
}

bool decode_content(std::string_view content, Codec codec, std::uint32_t raw_len, char* into) {
  if (raw_len > kMaxFrame) return false;
  if (codec == Codec::raw) {
    if (content.size() != raw_len) return false;
    std::copy(content.begin(), content.end(), into);
    return true;
  }
  if (window_of(content) > kMaxWindow || ZSTD_getFrameContentSize(content.data(), content.size()) != raw_len ||
      ZSTD_findFrameCompressedSize(content.data(), content.size()) != content.size()) {
    return false;
  }
  thread_local const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  return ZSTD_decompressDCtx(context.get(), into, raw_len, content.data(), content.size()) == raw_len;
}

std::optional<Buffer> decode_content(std::string_view content, Codec codec, std::uint32_t raw_len) {
  if (raw_len > kMaxFrame) return std::nullopt;
  Buffer raw(raw_len);
  if (!decode_content(content, codec, raw_len, raw.data())) return std::nullopt;
  return raw;
}

std::optional<std::string> decode_content_up_to(std::string_view content, std::uint64_t limit) {
  const unsigned long long size = ZSTD_getFrameContentSize(content.data(), content.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > limit) return std::nullopt;
  const auto raw = decode_content(content, Codec::zstd, static_cast<std::uint32_t>(size));
  return raw ? std::optional<std::string>(raw->view()) : std::nullopt;
}

}  // namespace tapedeck::format
