#include "capture/defragmenter.hpp"

#include <algorithm>
#include <iterator>

namespace tapedeck::capture {

Defragmenter::Datagram& Defragmenter::datagram_of(const Key& key, Time time) {
  if (const auto found = x_by_key.find(key); found != x_by_key.end()) return *found->second;
  x_datagrams.push_back({.key = key, .first = time, .pieces = {}, .length = {}});
  x_by_key[key] = std::prev(x_datagrams.end());
  return x_datagrams.back();
}

void Defragmenter::drop(Datagrams::iterator which) {
  for (const Piece& piece : which->pieces) x_bytes -= piece.bytes.size();
  x_by_key.erase(which->key);
  x_datagrams.erase(which);
}

std::uint64_t Defragmenter::pieces() const {
  std::uint64_t count = 0;
  for (const Datagram& datagram : x_datagrams) count += datagram.pieces.size();
  return count;
}

bool Defragmenter::is_whole(const Datagram& datagram) {
  if (!datagram.length) return false;
  std::size_t reached = 0;
  for (const Piece& piece : datagram.pieces) {
    if (piece.offset > reached) return false;
    reached = std::max(reached, piece.offset + piece.bytes.size());
  }
  return reached >= *datagram.length;
}

void Defragmenter::insert(Datagram& datagram, const IpFragment& fragment) {
  // Behind pieces of equal offset, so that those seen first stay in front.
  const auto at = std::upper_bound(datagram.pieces.begin(), datagram.pieces.end(), fragment.offset,
                                   [](std::uint32_t offset, const Piece& piece) { return offset < piece.offset; });
  datagram.pieces.insert(at, {.offset = fragment.offset, .bytes = std::string(as_text(fragment.bytes))});
  x_bytes += fragment.bytes.size();
  if (fragment.last && !datagram.length) datagram.length = fragment.offset + fragment.length;
}

std::optional<Transport> Defragmenter::take(const IpFragment& fragment, Time time) {
  while (!x_datagrams.empty() && x_datagrams.front().first < time - x_limits.age) {
    x_dropped += x_datagrams.front().pieces.size();
    drop(x_datagrams.begin());
  }
  const Key key{fragment.source, fragment.destination, fragment.identification, fragment.protocol};
  // A piece cut by the snapshot length leaves a hole that nothing fills.
  if (fragment.bytes.size() < fragment.length) {
    ++x_dropped;
    return std::nullopt;
  }
  Datagram& datagram = datagram_of(key, time);
  if (datagram.pieces.size() >= x_limits.fragments) {
    ++x_dropped;
    return std::nullopt;
  }
  insert(datagram, fragment);
  const auto which = x_by_key.at(key);
  if (!is_whole(datagram)) {
    while (x_bytes > x_limits.bytes) {
      x_dropped += x_datagrams.front().pieces.size();
      drop(x_datagrams.begin());
    }
    return std::nullopt;
  }
  x_whole.assign(*datagram.length, '\0');
  // From the back, so that of overlapping pieces the one in front is written last. Of pieces that overlap in part the
  // lower one wins; receivers that differ there drop such datagrams.
  for (auto piece = datagram.pieces.rbegin(); piece != datagram.pieces.rend(); ++piece) {
    const std::size_t offset = std::min<std::size_t>(piece->offset, x_whole.size());
    const std::size_t count = std::min(piece->bytes.size(), x_whole.size() - offset);
    std::copy_n(piece->bytes.begin(), count, x_whole.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  drop(which);
  return Transport{.source = key.source,
                   .destination = key.destination,
                   .protocol = key.protocol,
                   .bytes = as_bytes(x_whole),
                   .length = static_cast<std::uint32_t>(x_whole.size())};
}

}  // namespace tapedeck::capture
