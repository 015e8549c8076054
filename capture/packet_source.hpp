#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace tapedeck::capture {

/// LINKTYPE_ numbers as capture files store them (www.tcpdump.org/linktypes.html).
enum class LinkType : std::uint32_t {
  null_bsd = 0,
  ethernet = 1,
  raw_ip_old = 12,
  raw_ip_openbsd = 14,
  raw_ip = 101,
  loop = 108,
  linux_sll = 113,
  ipv4 = 228,
  ipv6 = 229,
  linux_sll2 = 276,
};

struct RawPacket {
  std::uint64_t number = 0;  // from 1, over all sources
  Time time{};
  LinkType link = LinkType::ethernet;
  ConstBytes bytes;               // valid until the next read()
  std::uint32_t wire_length = 0;  // may exceed bytes.size(): cut by the snapshot length
};

struct SourceStats {
  std::uint64_t source_drops = 0;
  std::uint64_t unread_bytes = 0;
  std::string unread_where;
};

/// Process edge: packets in time order.
struct PacketSource {
  virtual ~PacketSource() = default;
  /// False at the end. A torn or damaged file ends there: see stats().
  virtual Result<bool> read(RawPacket& packet) = 0;
  virtual SourceStats stats() const = 0;
  /// What identifies the input (sizes and first 64 KiB of files): the same input makes the same tape.
  virtual std::uint64_t fingerprint() const = 0;
};

/// pcap and pcapng, told by content; several are merged by time. `-` is standard input. Errors name the file: empty,
/// no capture file, link types none of which are known.
Result<std::unique_ptr<PacketSource>> open_capture_files(const std::vector<std::filesystem::path>& paths);

}  // namespace tapedeck::capture
