#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tapedeck::capture {

/// Bytes that could not be read although the input has them (a broken gzip member, say).
struct Damage {
  std::uint64_t bytes = 0;
  std::string what;
};

/// Process edge: the bytes of a capture file, in order.
struct InputStream {
  virtual ~InputStream() = default;
  /// At most into.size() bytes; 0 at the end.
  virtual Result<std::size_t> read(Bytes into) = 0;
  /// After the end: set if it was not the true end.
  virtual std::optional<Damage> damage() const { return std::nullopt; }
};

/// A window over a stream: look at the next bytes, then take them. Memory: the largest peek, at least 256 KiB.
class WindowReader {
 public:
  explicit WindowReader(std::unique_ptr<InputStream> input);

  /// The next `count` bytes without taking them; fewer only at the end. Valid until the next call.
  Result<ConstBytes> peek(std::size_t count);
  /// Takes bytes that peek() has shown.
  void take(std::size_t count);
  /// Takes up to `count` bytes without looking; how many there were.
  Result<std::uint64_t> discard(std::uint64_t count);
  /// Bytes taken so far.
  std::uint64_t position() const { return x_position; }
  std::optional<Damage> damage() const { return x_input->damage(); }

 private:
  Result<std::size_t> fill(std::size_t count);

  std::unique_ptr<InputStream> x_input;
  std::vector<std::byte> x_buffer;
  std::size_t x_begin = 0;
  std::size_t x_end = 0;
  std::uint64_t x_position = 0;
  bool x_at_end = false;
};

/// A capture file's bytes in clear, and what is known of the file itself.
struct OpenedInput {
  std::string name;  // for people
  std::unique_ptr<WindowReader> bytes;
  /// Hash of size and first 64 KiB as stored; unset for pipes, where waiting for 64 KiB could take for ever.
  std::optional<std::uint64_t> fingerprint;
};

/// Opens a file, or standard input for `-`. gzip and zstd are told by content and undone.
Result<OpenedInput> open_input(const std::filesystem::path& path);

/// Undoes gzip or zstd if the content is such, else hands on what is there.
Result<std::unique_ptr<WindowReader>> decompressed(std::unique_ptr<WindowReader> raw);

/// Bytes in memory as a stream.
std::unique_ptr<InputStream> memory_input(std::string bytes);

}  // namespace tapedeck::capture
