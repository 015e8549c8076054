#include <cstdint>
#include <cstdlib>

#include "capture/capture_file.hpp"
#include "capture/decode.hpp"
#include "format/decompressed_stream.hpp"

// Any bytes as a capture file, packets decoded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck::capture;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  auto clear = tapedeck::format::decompressed_stream(tapedeck::format::memory_stream(std::move(bytes)));
  if (!clear) return 0;
  auto file = open_capture(std::make_unique<tapedeck::format::StreamWindow>(std::move(*clear)), "input");
  if (!file) return 0;
  RawPacket packet;
  for (;;) {
    const auto more = (*file)->next(packet);
    if (!more || !*more) break;
    if (packet.wire_length < packet.bytes.size()) std::abort();
    (void)decode(packet);
  }
  return 0;
}
