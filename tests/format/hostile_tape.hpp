#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "format/layout.hpp"
#include "format/record.hpp"
#include "format/wire.hpp"

// Tapes changed by someone who knows the format: all hashes are made to hold again.
namespace tapedeck::test {

struct RecordPlace {
  std::size_t begin = 0;
  std::size_t payload = 0;
  std::size_t end = 0;
  format::RecordType type{};

  bool has_payload() const { return end > payload; }
};

/// Of an undamaged tape.
inline std::vector<RecordPlace> records_of(std::string_view tape) {
  std::vector<RecordPlace> places;
  for (std::size_t at = 0; at + format::kHeaderSize <= tape.size(); at = places.back().end) {
    const std::size_t payload = at + format::kHeaderSize + format::load<std::uint32_t>(tape, at + 40);
    const std::size_t end = payload + format::load<std::uint32_t>(tape, at + 44);
    places.push_back({at, payload, end, static_cast<format::RecordType>(format::load<std::uint16_t>(tape, at + 14))});
  }
  return places;
}

/// Makes the hashes of one record hold again, after its bytes were changed.
inline void rehash(std::string& tape, const RecordPlace& record) {
  const auto bytes = [&](std::size_t begin, std::size_t length) {
    return std::string_view(tape).substr(begin, length);
  };
  if (record.type == format::RecordType::chunk) {
    std::size_t frame = record.payload;
    for (std::size_t at = record.begin + format::kHeaderSize + format::kChunkBody;
         at + format::kColumnEntry <= record.payload; at += format::kColumnEntry) {
      const auto length = format::load<std::uint32_t>(tape, at + 4);
      if (frame + length > record.end) break;
      format::store<std::uint64_t>(tape, at + 16, format::xxh3(bytes(frame, length)));
      frame += length;
    }
  }
  format::store<std::uint64_t>(tape, record.begin + 48,
                               format::xxh3(bytes(record.payload, record.end - record.payload)));
  const std::string hashed =
      std::string(bytes(record.begin, 56)) + std::string(bytes(record.begin + 64, record.payload - record.begin - 64));
  format::store<std::uint64_t>(tape, record.begin + 56, format::xxh3(hashed));
}

}  // namespace tapedeck::test
