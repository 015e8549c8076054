#include "proxy/byte_ring.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <unistd.h>

namespace tapedeck::proxy {
namespace {

constexpr std::uint64_t kMax = std::uint64_t{2} << 30;

// Twice `size` bytes of address space that both show the memory of `file`; null with errno set on failure.
std::byte* map_twice(int file, std::size_t size) {
  void* space = ::mmap(nullptr, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) return nullptr;
  auto* memory = static_cast<std::byte*>(space);
  for (std::size_t half = 0; half < 2; ++half) {
    if (::mmap(memory + half * size, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
      const int why = errno;
      ::munmap(space, 2 * size);
      errno = why;
      return nullptr;
    }
  }
  return memory;
}

}  // namespace

Result<std::unique_ptr<ByteRing>> ByteRing::create(ByteSize size) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t bytes = std::clamp<std::uint64_t>((size.bytes + page - 1) / page * page, page, kMax);
  const int file = ::memfd_create("tapedeck-ring", MFD_CLOEXEC);
  if (file < 0) return errno_error("cannot make a capture ring of " + to_string(size));
  std::byte* memory = nullptr;
  if (::ftruncate(file, static_cast<off_t>(bytes)) == 0) memory = map_twice(file, bytes);
  if (memory == nullptr) {
    const Error error = errno_error("cannot map a capture ring of " + to_string(size) + "; lower --capture-memory");
    ::close(file);
    return error;
  }
  ::close(file);  // the mappings keep it
  return std::unique_ptr<ByteRing>(new ByteRing(memory, bytes));
}

ByteRing::~ByteRing() { ::munmap(x_memory, 2 * x_capacity); }

bool ByteRing::has_free(std::size_t bytes) {
  if (x_written - x_seen_tail + bytes <= x_capacity) return true;
  x_seen_tail = x_tail.load(std::memory_order_acquire);
  return x_written - x_seen_tail + bytes <= x_capacity;
}

void ByteRing::commit(std::size_t bytes) {
  x_written += bytes;
  x_head.store(x_written, std::memory_order_release);
}

Bytes ByteRing::readable() const {
  const std::uint64_t tail = x_tail.load(std::memory_order_relaxed);
  return {x_memory + tail % x_capacity, x_head.load(std::memory_order_acquire) - tail};
}

void ByteRing::release(std::size_t bytes) {
  x_tail.store(x_tail.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
}

}  // namespace tapedeck::proxy
