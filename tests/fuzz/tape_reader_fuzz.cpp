// The whole reader on hostile tapes. Hashes are put right first, so that mutations get behind them.
#include <cstdint>
#include <string>

#include "tests/fuzz/tape_bytes.hpp"

namespace {

using namespace tapedeck;
using namespace tapedeck::format;

void read(std::string bytes) {
  ReadOptions reading;
  reading.bodies.large = ByteSize{64};  // verify and copy take bodies in parts piece by piece, find as a whole
  auto reader = TapeReader::open(memory_source(std::move(bytes)), reading);
  if (!reader) return;
  (void)reader->verify(Check::every_row);
  (void)reader->summary();
  (void)reader->find("3f9c0a1b-1");
  (void)reader->find("2");
  TapeOptions options;
  options.workers = 0;
  options.recording = http::RecordingId{1};
  auto writer =
      TapeWriter::create(std::make_unique<test::MemorySink>(std::make_shared<std::string>()), options, Time{});
  (void)copy_tape(*reader, *writer, {}, Time{});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  fuzz::repair(bytes);
  read(std::move(bytes));
  return 0;
}
