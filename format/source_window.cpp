#include "format/source_window.hpp"

#include <algorithm>
#include <cstring>

#include "format/record.hpp"

namespace tapedeck::format {
namespace {

// What fits into a core's second-level cache: what was read is hashed from there.
constexpr std::uint64_t kStep = 128u << 10;

Bytes room(Buffer& buffer, std::size_t from, std::size_t length) {
  return {reinterpret_cast<std::byte*>(buffer.data()) + from, length};
}

}  // namespace

Result<Buffer> read_bytes(const ByteSource& source, std::uint64_t offset, std::uint64_t length) {
  const auto size = source.size();
  if (!size) return size.error();
  // What a length promises is not allocated unless there can be as much.
  Buffer bytes(static_cast<std::size_t>(std::min(length, *size - std::min(offset, *size))));
  const auto n = source.read_at(offset, room(bytes, 0, bytes.size()));
  if (!n) return n.error();
  bytes.shorten(*n);
  return bytes;
}

Result<std::string_view> SourceWindow::view(std::uint64_t offset, std::uint64_t length) {
  if (offset >= x_size) return std::string_view();
  length = std::min(length, x_size - offset);
  if (offset < x_begin || offset + length > x_begin + x_length) {
    if (auto moved = move_to(offset, std::min(std::max(length, kStep), x_size - offset)); !moved) return moved.error();
  }
  // Shorter than asked for if the source has become so.
  const auto at = static_cast<std::size_t>(offset - x_begin);
  return x_buffer.view().substr(at, std::min(static_cast<std::size_t>(length), x_length - at));
}

/// Reads what is not there yet of [offset, offset + length).
Result<void> SourceWindow::move_to(std::uint64_t offset, std::uint64_t length) {
  const bool overlaps = offset >= x_begin && offset < x_begin + x_length;
  const std::size_t skipped = overlaps ? static_cast<std::size_t>(offset - x_begin) : 0;
  const std::size_t kept = overlaps ? x_length - skipped : 0;
  const auto wanted = static_cast<std::size_t>(length);
  Buffer grown = wanted > x_buffer.size() ? Buffer(wanted) : Buffer();
  Buffer& into = grown.size() > 0 ? grown : x_buffer;
  if (kept > 0) std::memmove(into.data(), x_buffer.data() + skipped, kept);
  if (grown.size() > 0) x_buffer = std::move(grown);
  x_begin = offset;
  x_length = kept;
  const auto n = x_source->read_at(offset + kept, room(x_buffer, kept, wanted - kept));
  if (!n) return n.error();
  x_length += *n;
  return {};
}

Result<std::uint64_t> SourceWindow::next_sync(std::uint64_t from) {
  while (from + kSyncSize <= x_size) {
    // First through what is here: a hostile tape has a pattern every 12 bytes.
    const std::uint64_t here = from >= x_begin && from < x_begin + x_length ? x_begin + x_length - from : 0;
    const auto bytes = view(from, here >= kSyncSize ? here : kStep);
    if (!bytes) return bytes.error();
    if (const std::size_t at = find_sync(*bytes); at != std::string_view::npos) return from + at;
    if (bytes->size() < kSyncSize) break;
    from += bytes->size() - (kSyncSize - 1);
  }
  return x_size;
}

}  // namespace tapedeck::format
