#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "capture/stream.hpp"

namespace tapedeck::capture {

/// The bytes of one direction that came ahead of their turn. Ranges never overlap: what came first stays, later bytes
/// fill only what is free.
class SegmentStore {
 public:
  struct Entry {
    StreamPosition position = 0;
    std::string bytes;
    std::uint64_t cut = 0;  // behind `bytes`: cut off by the snapshot length
    Time time{};
    StreamPosition peer_acked = 0;
    bool inconsistent = false;

    StreamPosition end() const { return position + bytes.size() + cut; }
  };

  struct Added {
    std::uint64_t stored = 0;
    std::uint64_t duplicate = 0;  // bytes for which others were there
    bool inconsistent = false;    // and differed
  };
  /// `cut` bytes behind the piece are known to be lost.
  Added add(const Piece& piece, std::uint64_t cut);

  bool empty() const { return x_entries.empty(); }
  std::size_t count() const { return x_entries.size(); }
  std::size_t bytes() const { return x_bytes; }
  const Entry& front() const { return x_entries.front(); }
  const Entry& back() const { return x_entries.back(); }
  Entry pop();
  /// No packet held is earlier. Not empty.
  Time oldest() const { return x_oldest; }

 private:
  void compare(Entry& entry, const Piece& piece, Added& added);

  std::deque<Entry> x_entries;  // by position
  std::size_t x_bytes = 0;
  Time x_oldest{};  // since the store was empty
};

}  // namespace tapedeck::capture
