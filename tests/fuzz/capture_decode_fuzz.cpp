#include <cstdint>
#include <cstdlib>

#include "capture/decode.hpp"
#include "capture/defragmenter.hpp"

// The first byte is the link type, the rest a packet; fragments are put together.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  using namespace tapedeck::capture;
  if (size < 2) return 0;
  constexpr std::uint32_t kLinks[] = {0, 1, 12, 14, 101, 108, 113, 228, 229, 276};
  RawPacket packet;
  packet.link = static_cast<LinkType>(kLinks[data[0] % std::size(kLinks)]);
  packet.bytes = {reinterpret_cast<const std::byte*>(data) + 2, size - 2};
  packet.wire_length = static_cast<std::uint32_t>(size - 2 + data[1]);
  const Decoded decoded = decode(packet);
  if (const auto* segment = std::get_if<Segment>(&decoded)) {
    if (segment->payload.size() > segment->payload_length) std::abort();
  }
  if (const auto* fragment = std::get_if<IpFragment>(&decoded)) {
    Defragmenter defragmenter;
    (void)defragmenter.take(*fragment, {});
    IpFragment last = *fragment;
    last.offset = fragment->offset == 0 ? fragment->length : 0;
    last.last = !last.last;
    if (const auto whole = defragmenter.take(last, {})) (void)decode_transport(*whole);
  }
  return 0;
}
