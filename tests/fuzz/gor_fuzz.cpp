// .gor files: where records end, pairing, heads and bodies that lie. Read whole and in two chunk files.
#include <cstdint>
#include <string>

#include "format/byte_stream.hpp"
#include "format/foreign/gor_reader.hpp"

namespace {

using namespace tapedeck;
using namespace tapedeck::format;

void read_all(ForeignReader& reader) {
  for (;;) {
    const auto exchange = reader.next();
    if (!exchange || !*exchange) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  read_all(*read_gor(only_part(memory_stream(bytes))));
  int part = 0;
  const auto two = read_gor([&]() -> Result<std::unique_ptr<ByteStream>> {
    if (part == 2) return std::unique_ptr<ByteStream>();
    return memory_stream(part++ == 0 ? bytes.substr(0, size / 2) : bytes.substr(size / 2));
  });
  read_all(*two);
  return 0;
}
