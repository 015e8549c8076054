// The whole reader on hostile tapes. Hashes are put right first, so that mutations get behind them.
#include <cstdint>
#include <cstring>
#include <string>

#include <xxhash.h>

#include "format/copy_tape.hpp"
#include "format/layout.hpp"
#include "format/record.hpp"
#include "format/wire.hpp"

namespace {

using namespace tapedeck;
using namespace tapedeck::format;

struct NullSink final : ByteSink {
  Result<void> append(std::span<const ConstBytes>) override { return {}; }
  Result<void> sync() override { return {}; }
  Result<void> cut_back(std::uint64_t) override { return {}; }
};

void repair_columns(std::string& tape, std::size_t body, std::size_t body_len, std::size_t payload) {
  for (std::size_t at = body + kChunkBody; at + kColumnEntry <= body + body_len; at += kColumnEntry) {
    const auto length = load<std::uint32_t>(tape, at + 4);
    if (length > tape.size() - payload) return;
    store<std::uint64_t>(tape, at + 16, xxh3(std::string_view(tape).substr(payload, length)));
    payload += length;
  }
}

void repair(std::string& tape) {
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

void read(std::string bytes) {
  ReadOptions reading;
  reading.bodies.large = ByteSize{64};  // verify and copy take bodies in parts piece by piece, find as a whole
  auto reader = TapeReader::open(memory_source(std::move(bytes)), reading);
  if (!reader) return;
  (void)reader->verify();
  (void)reader->summary();
  (void)reader->find("3f9c0a1b-1");
  (void)reader->find("2");
  TapeOptions options;
  options.workers = 0;
  options.recording = http::RecordingId{1};
  auto writer = TapeWriter::create(std::make_unique<NullSink>(), options, Time{});
  (void)copy_tape(*reader, *writer, {}, Time{});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  repair(bytes);
  read(std::move(bytes));
  return 0;
}
