#include "format/source_window.hpp"

#include <algorithm>

#include "format/record.hpp"

namespace tapedeck::format {
namespace {

constexpr std::uint64_t kStep = 1u << 20;

}  // namespace

Result<std::string> read_bytes(const ByteSource& source, std::uint64_t offset, std::uint64_t length) {
  std::string bytes(static_cast<std::size_t>(length), '\0');
  const auto n = source.read_at(offset, {reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
  if (!n) return n.error();
  bytes.resize(*n);
  return bytes;
}

Result<std::string_view> SourceWindow::view(std::uint64_t offset, std::uint64_t length) {
  if (offset >= x_size) return std::string_view();
  length = std::min(length, x_size - offset);
  if (offset < x_begin || offset + length > x_begin + x_buffer.size()) {
    auto bytes = read_bytes(*x_source, offset, std::min(std::max(length, kStep), x_size - offset));
    if (!bytes) return bytes.error();
    x_buffer = std::move(*bytes);
    x_begin = offset;
  }
  return std::string_view(x_buffer).substr(static_cast<std::size_t>(offset - x_begin),
                                           static_cast<std::size_t>(length));
}

Result<std::uint64_t> SourceWindow::next_sync(std::uint64_t from) {
  while (from + kSyncSize <= x_size) {
    const auto bytes = view(from, kStep);
    if (!bytes) return bytes.error();
    if (const std::size_t at = find_sync(*bytes); at != std::string_view::npos) return from + at;
    if (bytes->size() < kStep) break;
    from += kStep - (kSyncSize - 1);
  }
  return x_size;
}

}  // namespace tapedeck::format
