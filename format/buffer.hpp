#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

namespace tapedeck::format {

/// Bytes that are written before they are read: not zeroed first, unlike a string's.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : x_bytes(std::make_unique_for_overwrite<char[]>(size)), x_size(size) {}

  char* data() { return x_bytes.get(); }
  const char* data() const { return x_bytes.get(); }
  std::size_t size() const { return x_size; }
  std::string_view view() const { return {x_bytes.get(), x_size}; }
  /// `size` is at most what there is.
  void shorten(std::size_t size) { x_size = size; }

 private:
  std::unique_ptr<char[]> x_bytes;
  std::size_t x_size = 0;
};

}  // namespace tapedeck::format
