#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "format/layout.hpp"
#include "http/exchange_id.hpp"

namespace tapedeck::format {

struct SegmentId {
  http::RecordingId recording{};
  std::uint32_t number = 0;
  auto operator<=>(const SegmentId&) const = default;
};

/// The fixed 64 bytes in front of every record.
struct RecordHeader {
  std::uint8_t flags = 0;
  RecordType type{};
  SegmentId segment;
  std::uint64_t record_no = 0;
  std::uint32_t body_len = 0;
  std::uint32_t payload_len = 0;
  std::uint64_t payload_xxh3 = 0;

  bool critical() const { return (flags & kFlagCritical) != 0; }
  bool encrypted() const { return (flags & kFlagEncrypted) != 0; }
  bool escaped() const { return (flags & kFlagEscaped) != 0; }
  std::uint64_t size() const { return kHeaderSize + body_len; }
  std::uint64_t record_size() const { return size() + payload_len; }
};

/// Header and body, hashed. body_len is the body's.
std::string encode_header(RecordHeader header, std::string_view body);

/// Body length by the first 64 bytes; nothing is known to be good yet. UINT32_MAX if these cannot begin a record.
std::uint32_t promised_body_len(std::string_view first64);

enum class HeaderCheck : std::uint8_t {
  good,
  bad,
  newer,  // intact, but of another major version, or with flags that this reader does not know
};
/// `bytes`: exactly the header and its body.
HeaderCheck decode_header(std::string_view bytes, RecordHeader& header);

/// What is newer of a header for which decode_header() said so, in words.
std::string unknown_in_header(std::string_view bytes);

/// The major version that bytes [0, 64) claim, if they begin with the sync pattern; else 0. For messages.
std::uint8_t claimed_major(std::string_view bytes);

/// Position of the next sync pattern (`57 2A 4D 18 ?? ?? ?? ?? 54 41 50 45`) at or behind `from`; npos if there is
/// none.
std::size_t find_sync(std::string_view bytes, std::size_t from = 0);

std::uint64_t xxh3(std::string_view bytes);

}  // namespace tapedeck::format
