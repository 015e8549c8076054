#include <algorithm>
#include <bit>
#include <vector>

#include <fmt/format.h>

#include "capture/capture_file.hpp"
#include "capture/wire.hpp"

// pcapng: draft-ietf-opsawg-pcapng. Blocks of types not named here (decryption secrets, name resolution ...) are
// skipped.
namespace tapedeck::capture {
namespace {

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint32_t kInterface = 1;
constexpr std::uint32_t kPacket = 2;  // obsolete, still written
constexpr std::uint32_t kSimplePacket = 3;
constexpr std::uint32_t kStatistics = 5;
constexpr std::uint32_t kEnhancedPacket = 6;

constexpr std::size_t kBlockOverhead = 12;
constexpr std::uint32_t kMaximumBlock = 16 * 1024 * 1024;  // of those that are looked into
constexpr std::size_t kMaximumInterfaces = 65536;

/// Ticks of an interface's clock: 10^-exponent or 2^-exponent seconds.
struct Resolution {
  bool binary = false;
  unsigned exponent = 6;
};

struct Interface {
  LinkType link = LinkType::ethernet;
  std::uint32_t snapshot = 0;  // 0: unlimited
  Resolution resolution;
  std::int64_t offset_seconds = 0;
  std::uint64_t drops_in_packets = 0;
  std::uint64_t drops_in_statistics = 0;
};

std::int64_t clamp_ns(__int128 ns) { return static_cast<std::int64_t>(std::clamp<__int128>(ns, INT64_MIN, INT64_MAX)); }

/// ns since the epoch of a tick count.
Time to_time(std::uint64_t ticks, const Interface& interface) {
  __int128 ns = 0;
  if (interface.resolution.binary) {
    const unsigned bits = std::min(interface.resolution.exponent, 63u);
    ns = static_cast<__int128>(ticks) * 1'000'000'000 >> bits;
  } else {
    ns = static_cast<__int128>(ticks);
    for (unsigned e = interface.resolution.exponent; e < 9; ++e) ns *= 10;
    for (unsigned e = 9; e < std::min(interface.resolution.exponent, 30u); ++e) ns /= 10;
  }
  return time_from_ns(clamp_ns(ns + static_cast<__int128>(interface.offset_seconds) * 1'000'000'000));
}

std::size_t padded(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

/// Calls use(code, value) for each option in `bytes`.
template <class Use>
void for_each_option(ConstBytes bytes, std::endian order, Use use) {
  while (bytes.size() >= 4) {
    const auto code = load<std::uint16_t>(bytes, 0, order);
    const auto length = load<std::uint16_t>(bytes, 2, order);
    if (code == 0 || bytes.size() < 4 + padded(length)) return;
    use(code, bytes.subspan(4, length));
    bytes = bytes.subspan(4 + padded(length));
  }
}

class PcapngFile final : public CaptureFile {
 public:
  explicit PcapngFile(std::unique_ptr<format::StreamWindow> bytes) : CaptureFile(std::move(bytes)) {}

  Result<bool> next(RawPacket& packet) override {
    while (!x_stopped) {
      x_bytes->take(x_shown);
      x_shown = 0;
      const auto head = peek(kBlockOverhead);
      if (!head) return head.error();
      if (head->empty()) return stop_at_end();
      if (head->size() < kBlockOverhead) return stop_as_damaged("the last block is torn");
      const auto done = block(*head, packet);
      if (!done || *done) return done;
    }
    return false;
  }

  std::uint64_t source_drops() const override {
    std::uint64_t sum = x_earlier_drops;
    for (const Interface& i : x_interfaces) sum += std::max(i.drops_in_packets, i.drops_in_statistics);
    return sum;
  }

 private:
  /// True if the block was a packet; false also at a stop.
  Result<bool> block(ConstBytes head, RawPacket& packet) {
    if (load<std::uint32_t>(head, 0, std::endian::big) == kSectionHeader) {  // reads the same in both orders
      if (!begin_section(head)) return stop_as_damaged("a section of unknown byte order");
    }
    const auto type = load<std::uint32_t>(head, 0, x_order);
    const auto length = load<std::uint32_t>(head, 4, x_order);
    if (length < kBlockOverhead || length % 4 != 0) {
      return stop_as_damaged(fmt::format("a block of impossible length {}", length));
    }
    if (!looked_into(type)) {
      const auto skipped = x_bytes->skip(length);
      if (!skipped) return skipped.error();
      if (*skipped < length) return stop_as_damaged("the last block is torn");
      return false;
    }
    if (length > kMaximumBlock) return stop_as_damaged(fmt::format("a block of {} bytes", length));
    const auto whole = peek(length);
    if (!whole) return whole.error();
    if (whole->size() < length) return stop_as_damaged("the last block is torn");
    if (load<std::uint32_t>(*whole, length - 4, x_order) != length) {
      return stop_as_damaged("a block whose two lengths differ");
    }
    x_shown = length;
    const Content content = read(type, whole->subspan(8, length - kBlockOverhead), packet);
    if (content != Content::broken) return content == Content::packet;
    x_shown = 0;
    return stop_as_damaged(fmt::format("a broken block of type {}", type));
  }

  enum class Content { none, packet, broken };

  Content read(std::uint32_t type, ConstBytes body, RawPacket& packet) {
    switch (type) {
      case kInterface: return read_interface(body);
      case kStatistics: return read_statistics(body);
      case kEnhancedPacket: return read_enhanced(body, packet);
      case kSimplePacket: return read_simple(body, packet);
      case kPacket: return read_obsolete(body, packet);
      default: return Content::none;  // a section header
    }
  }

  static bool looked_into(std::uint32_t type) {
    return type == kSectionHeader || type == kInterface || type == kStatistics || type == kEnhancedPacket ||
           type == kSimplePacket || type == kPacket;
  }

  bool begin_section(ConstBytes head) {
    for (const std::endian order : {std::endian::big, std::endian::little}) {
      if (load<std::uint32_t>(head, 8, order) != kByteOrderMagic) continue;
      x_order = order;
      x_earlier_drops = source_drops();
      x_interfaces.clear();
      return true;
    }
    return false;
  }

  Content read_interface(ConstBytes body) {
    if (body.size() < 8 || x_interfaces.size() >= kMaximumInterfaces) return Content::broken;
    Interface added;
    added.link = static_cast<LinkType>(load<std::uint16_t>(body, 0, x_order));
    added.snapshot = load<std::uint32_t>(body, 4, x_order);
    for_each_option(body.subspan(8), x_order, [&](std::uint16_t code, ConstBytes value) {
      if (code == 9 && !value.empty()) {
        added.resolution = {.binary = (load8(value, 0) & 0x80) != 0, .exponent = load8(value, 0) & 0x7fu};
      } else if (code == 14 && value.size() >= 8) {
        added.offset_seconds = load<std::int64_t>(value, 0, x_order);
      }
    });
    note_link(added.link);
    x_interfaces.push_back(added);
    return Content::none;
  }

  Content read_statistics(ConstBytes body) {
    if (body.size() < 12) return Content::broken;
    const auto index = load<std::uint32_t>(body, 0, x_order);
    if (index >= x_interfaces.size()) return Content::broken;
    std::uint64_t drops = 0;
    for_each_option(body.subspan(12), x_order, [&](std::uint16_t code, ConstBytes value) {
      // isb_ifdrop, isb_osdrop: totals since the capture began
      if ((code == 5 || code == 7) && value.size() >= 8) drops += load<std::uint64_t>(value, 0, x_order);
    });
    x_interfaces[index].drops_in_statistics = std::max(x_interfaces[index].drops_in_statistics, drops);
    return Content::none;
  }

  /// Lengths and bytes of a packet whose data begin at `at`.
  bool set_data(ConstBytes body, std::size_t at, std::uint32_t captured, std::uint32_t original, RawPacket& packet) {
    if (body.size() - at < captured) return false;
    packet.bytes = body.subspan(at, captured);
    packet.wire_length = std::max(captured, original);
    return true;
  }

  Content read_enhanced(ConstBytes body, RawPacket& packet) {
    if (body.size() < 20) return Content::broken;
    const auto index = load<std::uint32_t>(body, 0, x_order);
    const auto captured = load<std::uint32_t>(body, 12, x_order);
    if (index >= x_interfaces.size()) return Content::broken;
    if (!set_data(body, 20, captured, load<std::uint32_t>(body, 16, x_order), packet)) return Content::broken;
    Interface& interface = x_interfaces[index];
    set_time(load<std::uint32_t>(body, 4, x_order), load<std::uint32_t>(body, 8, x_order), interface, packet);
    if (body.size() > 20 + padded(captured)) {
      for_each_option(body.subspan(20 + padded(captured)), x_order, [&](std::uint16_t code, ConstBytes value) {
        // epb_dropcount: lost since the packet before on this interface
        if (code == 4 && value.size() >= 8) interface.drops_in_packets += load<std::uint64_t>(value, 0, x_order);
      });
    }
    return Content::packet;
  }

  Content read_simple(ConstBytes body, RawPacket& packet) {
    if (body.size() < 4 || x_interfaces.empty()) return Content::broken;
    const auto original = load<std::uint32_t>(body, 0, x_order);
    const std::uint32_t snapshot = x_interfaces.front().snapshot;
    const std::uint32_t captured = snapshot == 0 ? original : std::min(original, snapshot);
    if (!set_data(body, 4, captured, original, packet)) return Content::broken;
    packet.time = x_last_time;  // the block has none
    packet.link = x_interfaces.front().link;
    return Content::packet;
  }

  Content read_obsolete(ConstBytes body, RawPacket& packet) {
    if (body.size() < 20) return Content::broken;
    const auto index = load<std::uint16_t>(body, 0, x_order);
    if (index >= x_interfaces.size()) return Content::broken;
    if (!set_data(body, 20, load<std::uint32_t>(body, 12, x_order), load<std::uint32_t>(body, 16, x_order), packet)) {
      return Content::broken;
    }
    Interface& interface = x_interfaces[index];
    const auto drops = load<std::uint16_t>(body, 2, x_order);
    if (drops != 0xffff) interface.drops_in_packets += drops;  // 0xffff: unknown
    set_time(load<std::uint32_t>(body, 4, x_order), load<std::uint32_t>(body, 8, x_order), interface, packet);
    return Content::packet;
  }

  void set_time(std::uint32_t high, std::uint32_t low, const Interface& interface, RawPacket& packet) {
    packet.time = to_time(std::uint64_t{high} << 32 | low, interface);
    packet.link = interface.link;
    x_last_time = packet.time;
  }

  std::endian x_order = std::endian::little;
  std::vector<Interface> x_interfaces;  // of this section
  std::uint64_t x_earlier_drops = 0;    // of the sections before
  Time x_last_time{};
};

}  // namespace

bool is_pcapng_magic(ConstBytes first) {
  return first.size() >= 4 && load<std::uint32_t>(first, 0, std::endian::big) == kSectionHeader;
}

std::unique_ptr<CaptureFile> make_pcapng_file(std::unique_ptr<format::StreamWindow> bytes) {
  return std::make_unique<PcapngFile>(std::move(bytes));
}

}  // namespace tapedeck::capture
