// Encrypted tapes that someone without the key has changed: the input is a list of changes to one, hashes are put
// right. What is read is what was written, or less.
#include <array>
#include <cstdint>
#include <set>
#include <string>

#include "tests/fuzz/tape_bytes.hpp"

namespace {

using namespace tapedeck;

constexpr std::size_t kRows = 24;

format::TapeKey key() {
  format::TapeKey made;
  made.bytes.fill(7);
  return made;
}

http::Exchange exchange(std::size_t n) {
  http::Exchange e;
  e.request.head = "GET /" + std::to_string(n) + " HTTP/1.1\r\nCookie: interned, for it is long enough\r\n\r\n";
  e.request.first = e.request.last = e.response.first = e.response.last = Time{} + std::chrono::milliseconds(n);
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  e.response.body.state = http::BodyState::kept;
  e.response.body.bytes = std::string(n % 5 == 0 ? 270'000 : 300, static_cast<char>('a' + n % 3));
  return e;
}

std::string written() {
  const auto bytes = std::make_shared<std::string>();
  format::TapeOptions options;
  options.workers = 0;
  options.chunk = 64_KiB;
  options.key = key();
  options.recording = http::RecordingId{5};
  options.random_id = true;
  auto writer = format::TapeWriter::create(std::make_unique<test::MemorySink>(bytes), options, Time{});
  for (std::size_t n = 0; n < kRows; ++n) {
    http::Exchange e = exchange(n);
    if (n % 3 == 0) {
      http::Exchange request = e;
      request.response = {};
      request.status = 0;
      const auto id = writer->open(request, Time{});
      fuzz::require(id.has_value() && writer->complete(*id, e, Time{}).has_value());
    } else {
      fuzz::require(writer->append(e, Time{}).has_value());
    }
    fuzz::require(writer->tick(Time{} + std::chrono::milliseconds(300 * n), e.request.first).has_value());
  }
  fuzz::require(writer->seal(Time{}).has_value());
  return *bytes;
}

/// Four bytes a change: a place, what to do there, and with what.
void change(std::string& tape, const std::uint8_t* step) {
  const std::size_t at = (std::size_t{step[0]} | std::size_t{step[1]} << 8) * tape.size() >> 16;
  const std::size_t n = std::size_t{step[3]} * 4;
  switch (step[2] % 5) {
    case 0: tape[at] = static_cast<char>(tape[at] ^ step[3]); break;
    case 1: tape[at] = static_cast<char>(step[3]); break;
    case 2: tape.erase(at, n); break;
    case 3: tape.insert(at, tape.substr(tape.size() - at > n ? at + n : 0, n)); break;
    default: {  // within the nearest header and its body
      const std::size_t header = format::find_sync(tape, at);
      if (header != std::string::npos && header + 200 < tape.size()) {
        tape[header + 12 + step[3] % 180] = static_cast<char>(step[2]);
      }
    }
  }
}

void check(const http::Exchange& read) {
  if (read.id.recording != http::RecordingId{5}) return;  // anyone can add a plain recording of their own
  static const std::set<std::string> heads = [] {
    std::set<std::string> all;
    for (std::size_t n = 0; n < kRows; ++n) all.insert(exchange(n).request.head);
    return all;
  }();
  fuzz::require(heads.contains(read.request.head));
  const http::Exchange whole = exchange(static_cast<std::size_t>(read.id.ordinal));
  fuzz::require(read.request.head == whole.request.head);
  if (read.response.body.state == http::BodyState::kept && read.status != 0) {
    fuzz::require(read.response.body.bytes == whole.response.body.bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string original = written();
  std::string bytes = original;
  for (std::size_t at = 0; at + 4 <= size && at < 64 && bytes.size() > 256; at += 4) change(bytes, data + at);
  fuzz::repair(bytes);
  auto reader = format::TapeReader::open(format::memory_source(bytes), {key(), format::MissingKey::refuse});
  if (!reader) return 0;
  (void)reader->verify(format::Check::every_row);
  (void)reader->summary();
  auto cursor = reader->in_time_order();
  for (;;) {
    const auto row = cursor.next();
    if (!row || !*row) break;
    check(**row);
  }
  fuzz::recover(*reader);
  return 0;
}
