#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "http/forwarding.hpp"
#include "proxy/buffer_slab.hpp"

namespace tapedeck::proxy {

/// One direction through the proxy: bytes read from one side wait in a buffer to be parsed; what goes out to the other
/// side is a batch of head text, body bytes (left where they were read) and closing text. One batch at a time: while it
/// is going out, the reading side stands still, so nothing ever queues beyond the buffer.
class Flow {
 public:
  explicit Flow(BufferSlab& slab) : x_slab(slab) {}

  // The side that is read.
  bool has_room() const;
  /// Where the next bytes go; takes a buffer if there is none. Empty if there is no room.
  Bytes room();
  void received(std::size_t bytes) { x_end += bytes; }
  /// Gives the buffer back if it is empty.
  void settle();
  ConstBytes unparsed() const { return {x_buffer.data() + x_parsed, x_end - x_parsed}; }
  bool has_unparsed() const { return x_parsed != x_end; }
  void consume(std::size_t bytes) { x_parsed += bytes; }
  void drop_unparsed();

  // The side that is written.
  /// Text ahead of the body.
  std::string& head() { return x_head; }
  /// Body bytes: a view into unparsed(), to be consumed behind this call.
  void put_body(ConstBytes piece);
  /// Frames what was put as one chunk.
  void frame_as_chunk();
  std::string& tail() { return x_tail; }
  bool has_output() const { return x_sent < output_size(); }
  std::array<ConstBytes, 3> output() const;
  /// True if that was all of the batch.
  bool written(std::size_t bytes);
  std::size_t sent() const { return x_sent; }
  /// Keep the batch after it went out, to send it again.
  void hold(bool on);
  bool held() const { return x_held; }
  void rewind() { x_sent = 0; }
  void drop_output();

 private:
  std::size_t output_size() const { return x_head.size() + (x_body_end - x_body_begin) + x_tail.size(); }
  bool body_empty() const { return x_body_begin == x_body_end; }

  BufferSlab& x_slab;
  BufferSlab::Buffer x_buffer;
  std::size_t x_parsed = 0;  // [x_parsed, x_end) is not parsed yet
  std::size_t x_end = 0;
  std::size_t x_body_begin = 0;
  std::size_t x_body_end = 0;
  std::string x_head;
  std::string x_tail;
  std::size_t x_sent = 0;
  bool x_held = false;
};

}  // namespace tapedeck::proxy
