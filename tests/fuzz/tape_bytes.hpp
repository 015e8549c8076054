#pragma once
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include <xxhash.h>

#include "format/copy_tape.hpp"
#include "format/layout.hpp"
#include "format/record.hpp"
#include "format/wire.hpp"
#include "tests/support/memory_sink.hpp"

// What the fuzz targets of tapes share.
namespace tapedeck::fuzz {

inline void repair_columns(std::string& tape, std::size_t body, std::size_t body_len, std::size_t payload) {
  using namespace format;
  for (std::size_t at = body + kChunkBody; at + kColumnEntry <= body + body_len; at += kColumnEntry) {
    const auto length = load<std::uint32_t>(tape, at + 4);
    if (length > tape.size() - payload) return;
    store<std::uint64_t>(tape, at + 16, xxh3(std::string_view(tape).substr(payload, length)));
    payload += length;
  }
}

/// Puts hashes right, so that mutations get behind them.
inline void repair(std::string& tape) {
  using namespace format;
  for (std::size_t at = find_sync(tape); at != std::string::npos; at = find_sync(tape, at + 1)) {
    if (tape.size() - at < kHeaderSize) return;
    const std::size_t body_len = load<std::uint32_t>(tape, at + 40);
    if (body_len > kMaxBody || body_len > tape.size() - at - kHeaderSize) continue;
    const std::size_t payload = at + kHeaderSize + body_len;
    const std::size_t payload_len = load<std::uint32_t>(tape, at + 44);
    store<std::uint32_t>(tape, at + 4, static_cast<std::uint32_t>(kHeaderSize - 8 + body_len));
    if (load<std::uint16_t>(tape, at + 14) == 2) repair_columns(tape, at + kHeaderSize, body_len, payload);
    if (payload_len <= tape.size() - payload) {
      store<std::uint64_t>(tape, at + 48, xxh3(std::string_view(tape).substr(payload, payload_len)));
    }
    const std::string hashed = tape.substr(at, kHeaderSize - 8) + tape.substr(at + kHeaderSize, body_len);
    store<std::uint64_t>(tape, at + 56, XXH3_64bits(hashed.data(), hashed.size()));
  }
}

/// What cannot be: stop here.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Copies all that can be read; the copy must be whole, and hold what was said.
inline void recover(format::TapeReader& reader) {
  const auto bytes = std::make_shared<std::string>();
  format::TapeOptions options;
  options.workers = 0;
  options.sorted = true;
  options.recording = http::RecordingId{1};
  auto writer = format::TapeWriter::create(std::make_unique<test::MemorySink>(bytes), options, Time{});
  require(writer.has_value());
  const auto copied = format::copy_tape(reader, *writer, {}, Time{});
  if (!copied) return;
  auto copy = format::TapeReader::open(format::memory_source(*bytes));
  require(copy.has_value());
  const auto report = copy->verify(format::Check::every_row);
  require(report.has_value() && report->intact() && report->sealed() && report->kept == copied->written);
}

}  // namespace tapedeck::fuzz
