#include "format/stream_window.hpp"

#include <algorithm>
#include <cstring>

namespace tapedeck::format {
namespace {

constexpr std::size_t kWindow = 256 * 1024;

}  // namespace

StreamWindow::StreamWindow(std::unique_ptr<ByteStream> stream) : x_stream(std::move(stream)) {}

std::string_view StreamWindow::seen() const { return as_text(ConstBytes(x_buffer).subspan(x_begin, x_end - x_begin)); }

Result<bool> StreamWindow::grow() {
  if (x_failure && x_begin == x_end) return *x_failure;
  if (x_at_end) return false;
  if (x_begin > 0 && x_begin >= x_buffer.size() / 2) {  // so that moving costs no more than reading did
    std::memmove(x_buffer.data(), x_buffer.data() + x_begin, x_end - x_begin);
    x_end -= x_begin;
    x_begin = 0;
  }
  if (x_end == x_buffer.size()) x_buffer.resize(std::max(kWindow, 2 * x_buffer.size()));
  const auto got = x_stream->read(Bytes(x_buffer).subspan(x_end));
  if (!got) x_failure = got.error();
  x_at_end = !got || *got == 0;
  if (got) x_end += *got;
  if (x_failure && x_begin == x_end) return *x_failure;
  return !x_at_end;
}

Result<std::string_view> StreamWindow::peek(std::size_t count) {
  while (x_end - x_begin < count) {
    const auto more = grow();
    if (!more) return more.error();
    if (!*more) break;
  }
  return seen();
}

void StreamWindow::take(std::size_t count) {
  x_begin += count;
  x_position += count;
  if (x_begin == x_end) x_begin = x_end = 0;
}

Result<std::uint64_t> StreamWindow::skip(std::uint64_t count) {
  std::uint64_t gone = 0;
  while (gone < count) {
    const auto some = peek(1);
    if (!some) return some.error();
    if (some->empty()) break;
    const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(some->size(), count - gone));
    take(now);
    gone += now;
  }
  return gone;
}

Result<bool> StreamWindow::at_end() {
  const auto some = peek(1);
  if (!some) return some.error();
  return some->empty();
}

}  // namespace tapedeck::format
