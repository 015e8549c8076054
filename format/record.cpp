#include "format/record.hpp"

#include <array>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <xxhash.h>

#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

// Of all but the hash itself. Callers have checked body_len against its cap.
std::uint64_t header_hash(std::string_view header_and_body) {
  std::array<char, kHeaderSize - 8 + kMaxBody> hashed;
  std::memcpy(hashed.data(), header_and_body.data(), kHeaderSize - 8);
  const std::string_view body = header_and_body.substr(kHeaderSize);
  std::memcpy(hashed.data() + kHeaderSize - 8, body.data(), body.size());
  return XXH3_64bits(hashed.data(), kHeaderSize - 8 + body.size());
}

bool is_sync(std::string_view bytes, std::size_t at) {
  return bytes.size() - at >= kSyncSize && load<std::uint32_t>(bytes, at) == kRecordMagic &&
         bytes.substr(at + 8, 4) == kTag;
}

}  // namespace

std::uint64_t xxh3(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string encode_header(RecordHeader header, std::string_view body) {
  if (body.size() > kMaxBody) std::abort();
  std::string out;
  out.reserve(kHeaderSize + body.size());
  put<std::uint32_t>(out, kRecordMagic);
  put<std::uint32_t>(out, static_cast<std::uint32_t>(kHeaderSize - 8 + body.size()));
  out += kTag;
  put<std::uint8_t>(out, kMajor);
  put<std::uint8_t>(out, header.flags);
  put<std::uint16_t>(out, static_cast<std::uint16_t>(header.type));
  for (const std::uint8_t b : header.segment.recording) put<std::uint8_t>(out, b);
  put<std::uint32_t>(out, header.segment.number);
  put<std::uint64_t>(out, header.record_no);
  put<std::uint32_t>(out, static_cast<std::uint32_t>(body.size()));
  put<std::uint32_t>(out, header.payload_len);
  put<std::uint64_t>(out, header.payload_xxh3);
  put<std::uint64_t>(out, 0);
  out += body;
  store<std::uint64_t>(out, kHeaderSize - 8, header_hash(out));
  return out;
}

std::uint32_t promised_body_len(std::string_view first64) {
  if (first64.size() < kHeaderSize || !is_sync(first64, 0)) return UINT32_MAX;
  const auto body_len = load<std::uint32_t>(first64, 40);
  if (body_len > kMaxBody || load<std::uint32_t>(first64, 4) != kHeaderSize - 8 + body_len) return UINT32_MAX;
  return body_len;
}

HeaderCheck decode_header(std::string_view bytes, RecordHeader& header) {
  const std::uint32_t body_len = promised_body_len(bytes);
  if (body_len == UINT32_MAX || bytes.size() != kHeaderSize + body_len) return HeaderCheck::bad;
  if (load<std::uint64_t>(bytes, kHeaderSize - 8) != header_hash(bytes)) return HeaderCheck::bad;
  header.flags = load<std::uint8_t>(bytes, 13);
  header.type = static_cast<RecordType>(load<std::uint16_t>(bytes, 14));
  std::memcpy(header.segment.recording.data(), bytes.data() + 16, header.segment.recording.size());
  header.segment.number = load<std::uint32_t>(bytes, 28);
  header.record_no = load<std::uint64_t>(bytes, 32);
  header.body_len = body_len;
  header.payload_len = load<std::uint32_t>(bytes, 44);
  header.payload_xxh3 = load<std::uint64_t>(bytes, 48);
  if (load<std::uint8_t>(bytes, 12) != kMajor || (header.flags & ~kKnownFlags) != 0) return HeaderCheck::newer;
  return header.payload_len > kMaxPayload ? HeaderCheck::bad : HeaderCheck::good;
}

std::string unknown_in_header(std::string_view bytes) {
  const auto major = load<std::uint8_t>(bytes, 12);
  if (major != kMajor) return fmt::format("tape layout {}", major);
  const unsigned unknown =
      load<std::uint8_t>(bytes, 13) & static_cast<unsigned>(static_cast<std::uint8_t>(~kKnownFlags));
  return fmt::format("unknown record header flag {:#04x}", unknown);
}

std::uint8_t claimed_major(std::string_view bytes) {
  return bytes.size() >= kHeaderSize && is_sync(bytes, 0) ? load<std::uint8_t>(bytes, 12) : std::uint8_t{0};
}

std::size_t find_sync(std::string_view bytes, std::size_t from) {
  const std::uint32_t magic = kRecordMagic;
  while (from + kSyncSize <= bytes.size()) {
    const void* hit = memmem(bytes.data() + from, bytes.size() - from, &magic, sizeof magic);
    if (hit == nullptr) return std::string_view::npos;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(hit) - bytes.data());
    if (is_sync(bytes, at)) return at;
    from = at + 1;
  }
  return std::string_view::npos;
}

}  // namespace tapedeck::format
