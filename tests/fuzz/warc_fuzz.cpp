// WARC files, compressed or not: heads, lengths that lie, partners, revisits.
#include <cstdint>
#include <string>

#include "format/byte_stream.hpp"
#include "format/decompressed_stream.hpp"
#include "format/foreign/warc_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck::format;
  auto stream = decompressed_stream(memory_stream(std::string(reinterpret_cast<const char*>(data), size)));
  if (!stream) return 0;
  const auto reader = read_warc(only_part(std::move(*stream)));
  for (;;) {
    const auto exchange = reader->next();
    if (!exchange || !*exchange) return 0;
  }
}
