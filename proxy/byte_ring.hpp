#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/byte_size.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tapedeck::proxy {

/// A ring of bytes between one producer thread and one consumer thread. Its memory is mapped twice in a row, so every
/// record is one piece; pages cost memory once they have been used.
class ByteRing {
 public:
  /// Rounded up to whole pages. At most 2 GiB.
  static Result<std::unique_ptr<ByteRing>> create(ByteSize size);
  ~ByteRing();
  ByteRing(const ByteRing&) = delete;
  ByteRing& operator=(const ByteRing&) = delete;

  std::size_t capacity() const { return x_capacity; }

  // Producer.
  /// Whether `bytes` are free; looks at the consumer only if needed.
  bool has_free(std::size_t bytes);
  /// Where the next record goes; has_free() said that there is room.
  std::byte* next() const { return x_memory + x_written % x_capacity; }
  /// Hands the next `bytes` to the consumer.
  void commit(std::size_t bytes);

  // Consumer.
  Bytes readable() const;
  void release(std::size_t bytes);

  /// Either side.
  std::size_t used() const { return x_head.load(std::memory_order_acquire) - x_tail.load(std::memory_order_acquire); }

 private:
  ByteRing(std::byte* memory, std::size_t capacity) : x_memory(memory), x_capacity(capacity) {}

  std::byte* const x_memory;
  const std::size_t x_capacity;
  alignas(64) std::uint64_t x_written = 0;  // producer's own copy of x_head
  std::uint64_t x_seen_tail = 0;            // producer's last look
  alignas(64) std::atomic<std::uint64_t> x_head{0};
  alignas(64) std::atomic<std::uint64_t> x_tail{0};
};

}  // namespace tapedeck::proxy
