// Recovery of hostile tapes: whatever can be read of them makes a copy that is whole.
#include <cstdint>
#include <string>

#include "tests/fuzz/tape_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  for (int pass = 0; pass < 2; ++pass) {
    if (auto reader = format::TapeReader::open(format::memory_source(bytes)); reader) fuzz::recover(*reader);
    fuzz::repair(bytes);
  }
  return 0;
}
