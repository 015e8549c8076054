#include "capture/capture_file.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace tapedeck::capture {
namespace {

struct LinkName {
  std::uint32_t number;
  std::string_view name;
};

// www.tcpdump.org/linktypes.html, what capture files in the wild hold.
constexpr std::array kLinkNames{
    LinkName{0, "NULL"},
    LinkName{1, "ETHERNET"},
    LinkName{6, "IEEE802_5"},
    LinkName{9, "PPP"},
    LinkName{10, "FDDI"},
    LinkName{12, "RAW"},
    LinkName{14, "RAW"},
    LinkName{50, "PPP_HDLC"},
    LinkName{51, "PPP_ETHER"},
    LinkName{101, "RAW"},
    LinkName{104, "C_HDLC"},
    LinkName{105, "IEEE802_11"},
    LinkName{107, "FRELAY"},
    LinkName{108, "LOOP"},
    LinkName{113, "LINUX_SLL"},
    LinkName{117, "PFLOG"},
    LinkName{119, "IEEE802_11_PRISM"},
    LinkName{127, "IEEE802_11_RADIOTAP"},
    LinkName{147, "USER0"},
    LinkName{163, "IEEE802_11_AVS"},
    LinkName{187, "BLUETOOTH_HCI_H4"},
    LinkName{189, "USB_LINUX"},
    LinkName{192, "PPI"},
    LinkName{195, "IEEE802_15_4_WITHFCS"},
    LinkName{201, "BLUETOOTH_HCI_H4_WITH_PHDR"},
    LinkName{220, "USB_LINUX_MMAPPED"},
    LinkName{227, "CAN_SOCKETCAN"},
    LinkName{228, "IPV4"},
    LinkName{229, "IPV6"},
    LinkName{239, "NFLOG"},
    LinkName{240, "NETANALYZER"},
    LinkName{249, "USBPCAP"},
    LinkName{253, "NETLINK"},
    LinkName{276, "LINUX_SLL2"},
};

}  // namespace

std::string describe(LinkType link) {
  const auto number = static_cast<std::uint32_t>(link);
  const auto* found = std::find_if(kLinkNames.begin(), kLinkNames.end(),
                                   [number](const LinkName& entry) { return entry.number == number; });
  if (found == kLinkNames.end()) return fmt::format("{}", number);
  return fmt::format("{} ({})", found->name, number);
}

bool is_known(LinkType link) {
  switch (link) {
    case LinkType::null_bsd:
    case LinkType::ethernet:
    case LinkType::raw_ip_old:
    case LinkType::raw_ip_openbsd:
    case LinkType::raw_ip:
    case LinkType::loop:
    case LinkType::linux_sll:
    case LinkType::ipv4:
    case LinkType::ipv6:
    case LinkType::linux_sll2: return true;
  }
  return false;
}

void CaptureFile::note_link(LinkType link) {
  if (is_known(link)) {
    x_any_known_link = true;
  } else if (!x_unknown_link) {
    x_unknown_link = link;
  }
}

Result<bool> CaptureFile::stop_as_damaged(std::string what) {
  x_stopped = true;
  const std::uint64_t where = x_bytes->position();
  const auto rest = x_bytes->skip(UINT64_MAX);
  if (!rest) return rest.error();
  const auto below = x_bytes->damage();
  if (below) what += " (" + below->what + ")";
  x_damage = {fmt::format("byte {}: {}", where, what), *rest + (below ? below->bytes : 0)};
  return false;
}

Result<bool> CaptureFile::stop_at_end() {
  x_stopped = true;
  x_damage = x_bytes->damage();
  if (!x_damage) return false;
  x_damage->what = fmt::format("byte {}: {}", x_bytes->position(), x_damage->what);
  x_damage->bytes = std::max<std::uint64_t>(x_damage->bytes, 1);  // cut off: nobody knows how much, but not nothing
  return false;
}

Result<ConstBytes> CaptureFile::peek(std::size_t count) {
  const auto seen = x_bytes->peek(count);
  if (!seen) return seen.error();
  return as_bytes(*seen);
}

Result<std::unique_ptr<CaptureFile>> open_capture(std::unique_ptr<format::StreamWindow> bytes,
                                                  const std::string& name) {
  const auto first = bytes->peek(4);
  if (!first) return first.error();
  const ConstBytes magic = as_bytes(*first);
  if (magic.size() >= 4 && is_pcapng_magic(magic)) return make_pcapng_file(std::move(bytes));
  if (magic.size() >= 4 && is_pcap_magic(magic)) {
    const auto header = bytes->peek(24);
    if (!header) return header.error();
    if (header->size() < 24) return make_error(name + " ends within the header of a pcap file: capture it again");
    return make_pcap_file(std::move(bytes));
  }
  std::string shown;
  for (const std::byte b : magic.first(std::min<std::size_t>(magic.size(), 4))) {
    shown += fmt::format("{}{:02x}", shown.empty() ? "" : " ", std::to_integer<unsigned>(b));
  }
  return make_error(
      fmt::format("{} is no capture file: it begins with {}, neither pcap nor pcapng (.gz and .zst of "
                  "them are read too)",
                  name, shown));
}

}  // namespace tapedeck::capture
