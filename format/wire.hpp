#pragma once
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Numbers as a tape holds them: little-endian, varints (unsigned LEB128, at most 10 bytes), zigzag varints.
namespace tapedeck::format {

static_assert(std::endian::native == std::endian::little, "load and store copy bytes as they are");

template <std::integral T>
T load(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <std::integral T>
void store(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

template <std::integral T>
void put(std::string& out, T value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof raw);
}

inline void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

constexpr std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
}

inline void put_zigzag(std::string& out, std::int64_t value) { put_varint(out, zigzag(value)); }

/// a - b and a + b modulo 2^64: differences of any two numbers can be stored.
constexpr std::int64_t wrapping_difference(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(a - b);
}
constexpr std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// Reads hostile bytes front to back. Failure is sticky: after it every read gives zeros, and ok() is false.
class WireReader {
 public:
  WireReader() = default;
  explicit WireReader(std::string_view bytes) : x_rest(bytes) {}

  bool ok() const { return x_ok; }
  bool at_end() const { return x_rest.empty(); }
  std::size_t left() const { return x_rest.size(); }

  std::uint64_t varint() {
    if (!x_rest.empty() && static_cast<std::uint8_t>(x_rest.front()) < 0x80) {  // most are that small
      const auto value = static_cast<std::uint8_t>(x_rest.front());
      x_rest.remove_prefix(1);
      return value;
    }
    return long_varint();
  }

  std::int64_t zigzag() { return unzigzag(varint()); }

  template <std::integral T>
  T fixed() {
    const std::string_view raw = bytes(sizeof(T));
    return raw.size() == sizeof(T) ? load<T>(raw, 0) : T{};
  }

  /// Empty, and failed, if there are fewer.
  std::string_view bytes(std::uint64_t n) {
    if (n > x_rest.size()) {
      fail();
      return {};
    }
    const std::string_view taken = x_rest.substr(0, static_cast<std::size_t>(n));
    x_rest.remove_prefix(taken.size());
    return taken;
  }

  void fail() {
    x_ok = false;
    x_rest = {};
  }

 private:
  std::uint64_t long_varint() {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 10 && i < x_rest.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(x_rest[i]);
      if (i == 9 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7Fu} << (7 * i);
      if (byte < 0x80) {
        x_rest.remove_prefix(i + 1);
        return value;
      }
    }
    fail();
    return 0;
  }

  std::string_view x_rest;
  bool x_ok = true;
};

}  // namespace tapedeck::format
