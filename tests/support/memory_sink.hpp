#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "format/byte_sink.hpp"

namespace tapedeck::test {

/// A tape in memory; the test keeps the bytes.
class MemorySink final : public format::ByteSink {
 public:
  explicit MemorySink(std::shared_ptr<std::string> bytes) : x_bytes(std::move(bytes)) {}
  Result<void> append(std::span<const ConstBytes> pieces) override {
    for (const ConstBytes piece : pieces) tapedeck::append(*x_bytes, piece);
    return {};
  }
  Result<void> sync() override { return {}; }
  Result<void> cut_back(std::uint64_t size) override {
    x_bytes->resize(static_cast<std::size_t>(size));
    return {};
  }

 private:
  std::shared_ptr<std::string> x_bytes;  // owners: the sink, the test
};

/// Fails when byte `limit` would be written: what fits is written, then an error; a disk that is full, or broken.
class FaultySink final : public format::ByteSink {
 public:
  enum class Death : std::uint8_t { full_disk, io_error, killed };  // killed: cannot even be cut back
  FaultySink(std::shared_ptr<std::string> bytes, std::uint64_t limit, Death death = Death::full_disk)
      : x_bytes(std::move(bytes)), x_limit(limit), x_death(death) {}
  Result<void> append(std::span<const ConstBytes> pieces) override {
    for (const ConstBytes piece : pieces) {
      const std::size_t room = x_limit > x_bytes->size() ? static_cast<std::size_t>(x_limit) - x_bytes->size() : 0;
      tapedeck::append(*x_bytes, piece.first(std::min(room, piece.size())));
      if (piece.size() > room) return failure();
    }
    return {};
  }
  Result<void> sync() override { return {}; }
  Result<void> cut_back(std::uint64_t size) override {
    if (x_death == Death::killed) return failure();
    x_bytes->resize(static_cast<std::size_t>(size));
    return {};
  }

 private:
  Error failure() const {
    namespace errc = boost::system::errc;
    if (x_death == Death::io_error) return make_error(errc::make_error_code(errc::io_error), "disk broken");
    return make_error(errc::make_error_code(errc::no_space_on_device), "disk full");
  }
  std::shared_ptr<std::string> x_bytes;  // owners: the sink, the test
  std::uint64_t x_limit;
  Death x_death;
};

}  // namespace tapedeck::test
