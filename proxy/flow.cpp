#include "proxy/flow.hpp"

#include <charconv>
#include <cstring>

namespace tapedeck::proxy {
namespace {

constexpr std::size_t kTextKept = 4096;

void empty(std::string& text) {
  text.clear();
  if (text.capacity() > kTextKept) text.shrink_to_fit();
}

}  // namespace

bool Flow::has_room() const {
  if (!x_buffer || x_end < x_buffer.size()) return true;
  if (!body_empty()) return false;
  return x_parsed > 0 || x_buffer.size() < BufferSlab::kLarge;
}

Bytes Flow::room() {
  if (!x_buffer) x_buffer = x_slab.take(BufferSlab::kSmall);
  if (x_end == x_buffer.size() && body_empty()) {
    const std::size_t size = x_end - x_parsed;
    BufferSlab::Buffer larger;
    if (x_parsed == 0 && x_buffer.size() < BufferSlab::kLarge) larger = x_slab.take(BufferSlab::kLarge);
    std::memmove(larger ? larger.data() : x_buffer.data(), x_buffer.data() + x_parsed, size);
    if (larger) x_buffer = std::move(larger);
    x_parsed = 0;
    x_end = size;
  }
  return {x_buffer.data() + x_end, x_buffer.size() - x_end};
}

void Flow::settle() {
  if (!x_buffer || has_unparsed() || !body_empty()) return;
  x_buffer = {};
  x_parsed = x_end = x_body_begin = x_body_end = 0;
}

void Flow::drop_unparsed() {
  x_parsed = x_end;
  settle();
}

// Chunk lines between pieces are closed up: pieces only ever move towards the front.
void Flow::put_body(ConstBytes piece) {
  if (piece.empty()) return;
  const std::size_t at = static_cast<std::size_t>(piece.data() - x_buffer.data());
  if (body_empty()) x_body_begin = x_body_end = at;
  if (at != x_body_end) std::memmove(x_buffer.data() + x_body_end, piece.data(), piece.size());
  x_body_end += piece.size();
}

void Flow::frame_as_chunk() {
  if (body_empty()) return;
  std::array<char, 20> size{};
  const auto written = std::to_chars(size.data(), size.data() + size.size(), x_body_end - x_body_begin, 16);
  x_head.append(size.data(), written.ptr).append("\r\n");
  x_tail.insert(0, "\r\n");
}

std::array<ConstBytes, 3> Flow::output() const {
  std::array<ConstBytes, 3> pieces{
      as_bytes(x_head), {x_buffer.data() + x_body_begin, x_body_end - x_body_begin}, as_bytes(x_tail)};
  std::size_t skip = x_sent;
  for (ConstBytes& piece : pieces) {
    const std::size_t gone = std::min(skip, piece.size());
    piece = piece.subspan(gone);
    skip -= gone;
  }
  return pieces;
}

bool Flow::written(std::size_t bytes) {
  x_sent += bytes;
  if (has_output()) return false;
  if (!x_held) drop_output();
  return true;
}

void Flow::hold(bool on) {
  x_held = on;
  if (!on && !has_output()) drop_output();
}

void Flow::drop_output() {
  x_held = false;
  empty(x_head);
  empty(x_tail);
  x_body_begin = x_body_end = 0;
  x_sent = 0;
  settle();
}

}  // namespace tapedeck::proxy
