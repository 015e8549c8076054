#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "capture/capture_file.hpp"
#include "capture/wire.hpp"

// pcap: draft-ietf-opsawg-pcap.
namespace tapedeck::capture {
namespace {

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
constexpr std::size_t kHeader = 24;
constexpr std::size_t kRecordHeader = 16;
// Programs write packets longer than their file's snapshot length; tcpdump takes up to this.
constexpr std::uint32_t kUsualMaximum = 256 * 1024;
constexpr std::uint32_t kMaximum = 16 * 1024 * 1024;

struct Format {
  std::endian order;
  std::int64_t ns_per_fraction;
};

std::optional<Format> format_of(ConstBytes first) {
  for (const std::endian order : {std::endian::big, std::endian::little}) {
    const auto magic = load<std::uint32_t>(first, 0, order);
    if (magic == kMicroseconds) return Format{order, 1000};
    if (magic == kNanoseconds) return Format{order, 1};
  }
  return std::nullopt;
}

class PcapFile final : public CaptureFile {
 public:
  explicit PcapFile(std::unique_ptr<format::StreamWindow> bytes) : CaptureFile(std::move(bytes)) {}

  Result<bool> next(RawPacket& packet) override {
    if (x_stopped) return false;
    if (!x_started) {
      if (auto trouble = read_header(); !trouble) return trouble;
    }
    x_bytes->take(x_shown);
    x_shown = 0;
    const auto header = peek(kRecordHeader);
    if (!header) return header.error();
    if (header->empty()) return stop_at_end();
    if (header->size() < kRecordHeader) return stop_as_damaged("the last record is torn");
    const auto captured = load<std::uint32_t>(*header, 8, x_format.order);
    if (captured > x_largest) {
      return stop_as_damaged(fmt::format("a record of {} bytes, more than the file's limit", captured));
    }
    const auto record = peek(kRecordHeader + captured);
    if (!record) return record.error();
    if (record->size() < kRecordHeader + captured) return stop_as_damaged("the last record is torn");
    packet.time = time_of(*record);
    packet.link = x_link;
    packet.bytes = record->subspan(kRecordHeader, captured);
    packet.wire_length = std::max(captured, load<std::uint32_t>(*record, 12, x_format.order));
    x_shown = kRecordHeader + captured;
    return true;
  }

 private:
  Result<bool> read_header() {
    const auto header = peek(kHeader);
    if (!header) return header.error();
    if (header->size() < kHeader) return stop_as_damaged("the file's header is torn");
    x_format = format_of(*header).value_or(Format{std::endian::little, 1000});
    x_largest = std::clamp(load<std::uint32_t>(*header, 16, x_format.order), kUsualMaximum, kMaximum);
    // The upper bits tell of frame check sequences; what follows an IP packet is cut off anyway.
    x_link = static_cast<LinkType>(load<std::uint32_t>(*header, 20, x_format.order) & 0xffff);
    note_link(x_link);
    x_started = true;
    x_shown = kHeader;
    return true;
  }

  Time time_of(ConstBytes record) const {
    const auto seconds = load<std::uint32_t>(record, 0, x_format.order);
    const auto fraction = load<std::uint32_t>(record, 4, x_format.order);
    return time_from_ns(std::int64_t{seconds} * 1'000'000'000 + std::int64_t{fraction} * x_format.ns_per_fraction);
  }

  Format x_format{std::endian::little, 1000};
  LinkType x_link = LinkType::ethernet;
  std::uint32_t x_largest = kUsualMaximum;
  bool x_started = false;
};

}  // namespace

bool is_pcap_magic(ConstBytes first) { return first.size() >= 4 && format_of(first).has_value(); }

std::unique_ptr<CaptureFile> make_pcap_file(std::unique_ptr<format::StreamWindow> bytes) {
  return std::make_unique<PcapFile>(std::move(bytes));
}

}  // namespace tapedeck::capture
