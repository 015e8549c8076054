#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "capture/packet_source.hpp"
#include "format/stream_window.hpp"

namespace tapedeck::capture {

/// Reads the packets of one capture file. A torn last record and an impossible header end the file: damage().
class CaptureFile {
 public:
  virtual ~CaptureFile() = default;

  /// False at the end. `packet.number` is left alone; `packet.bytes` is valid until the next call.
  virtual Result<bool> next(RawPacket& packet) = 0;
  /// Packets that the capturing program says it lost.
  virtual std::uint64_t source_drops() const { return 0; }
  /// Link types seen so far that decode() knows, and one that it does not.
  bool any_known_link() const { return x_any_known_link; }
  std::optional<LinkType> unknown_link() const { return x_unknown_link; }
  /// Bytes at the end that could not be read, and where they begin.
  const std::optional<format::StreamDamage>& damage() const { return x_damage; }

 protected:
  explicit CaptureFile(std::unique_ptr<format::StreamWindow> bytes) : x_bytes(std::move(bytes)) {}

  void note_link(LinkType link);
  /// Ends the file here: `record` bytes of it are shown but no use, so is all that follows.
  Result<bool> stop_as_damaged(std::string what);
  /// The next `count` bytes of the file without taking them, or more; fewer only at the end.
  Result<ConstBytes> peek(std::size_t count);
  /// The end of the input, which may be an early one.
  Result<bool> stop_at_end();

  std::unique_ptr<format::StreamWindow> x_bytes;
  std::size_t x_shown = 0;  // of the record handed out last: taken at the next call
  bool x_stopped = false;

 private:
  std::optional<format::StreamDamage> x_damage;
  std::optional<LinkType> x_unknown_link;
  bool x_any_known_link = false;
};

/// pcap or pcapng, told by content. An error says what the bytes look like; `name` is for people.
Result<std::unique_ptr<CaptureFile>> open_capture(std::unique_ptr<format::StreamWindow> bytes, const std::string& name);

/// Both check nothing but that the first bytes are there.
std::unique_ptr<CaptureFile> make_pcap_file(std::unique_ptr<format::StreamWindow> bytes);
std::unique_ptr<CaptureFile> make_pcapng_file(std::unique_ptr<format::StreamWindow> bytes);

/// Whether these four bytes begin such a file.
bool is_pcap_magic(ConstBytes first);
bool is_pcapng_magic(ConstBytes first);

/// `IEEE802_11_RADIOTAP (127)`: the name in the list of link types, where it is a common one, and the number.
std::string describe(LinkType link);
/// Whether decode() knows it.
bool is_known(LinkType link);

}  // namespace tapedeck::capture
