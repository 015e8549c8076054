#pragma once
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace tapedeck::proxy {

/// Buffers of a worker's connections. One thread; outlives its buffers.
class BufferSlab {
 public:
  static constexpr std::size_t kSmall = 16 * 1024;
  /// For long heads: above the longest that the codec accepts (64 KiB), so that it decides, not the buffer.
  static constexpr std::size_t kLarge = 80 * 1024;

  class Buffer {
   public:
    Buffer() = default;
    Buffer(BufferSlab& slab, std::unique_ptr<std::byte[]> memory, std::size_t size)
        : x_slab(&slab), x_memory(std::move(memory)), x_size(size) {}
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer&& other) noexcept {
      Buffer taken(std::move(other));
      swap(taken);
      return *this;
    }
    ~Buffer() {
      if (x_memory) x_slab->give_back(std::move(x_memory), x_size);
    }
    std::byte* data() const { return x_memory.get(); }
    std::size_t size() const { return x_size; }
    explicit operator bool() const { return x_memory != nullptr; }

   private:
    void swap(Buffer& other) noexcept {
      std::swap(x_slab, other.x_slab);
      std::swap(x_memory, other.x_memory);
      std::swap(x_size, other.x_size);
    }
    BufferSlab* x_slab = nullptr;
    std::unique_ptr<std::byte[]> x_memory;
    std::size_t x_size = 0;
  };

  Buffer take(std::size_t size) {
    if (size == kSmall && !x_free.empty()) {
      Buffer buffer(*this, std::move(x_free.back()), size);
      x_free.pop_back();
      return buffer;
    }
    return Buffer(*this, std::make_unique_for_overwrite<std::byte[]>(size), size);
  }

 private:
  static constexpr std::size_t kKept = 256;

  void give_back(std::unique_ptr<std::byte[]> memory, std::size_t size) {
    if (size == kSmall && x_free.size() < kKept) x_free.push_back(std::move(memory));
  }

  std::vector<std::unique_ptr<std::byte[]>> x_free;
};

}  // namespace tapedeck::proxy
