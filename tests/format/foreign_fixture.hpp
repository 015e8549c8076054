#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "format/byte_stream.hpp"
#include "format/decompressed_stream.hpp"
#include "format/foreign/foreign_reader.hpp"
#include "http/content_coding.hpp"

namespace tapedeck::test {

/// All that a reader has, and what it left out.
struct ReadForeign {
  std::vector<http::Exchange> exchanges;
  format::Skipped skipped;
  bool damaged = false;
  std::string error;  // empty: none
};

inline ReadForeign read_to_end(format::ForeignReader& reader) {
  ReadForeign read;
  for (;;) {
    auto exchange = reader.next();
    if (!exchange) read.error = exchange.error().message;
    if (!exchange || !*exchange) break;
    CHECK((*exchange)->flags.has(http::Flag::imported));
    read.exchanges.push_back(std::move(**exchange));
  }
  read.skipped = reader.skipped();
  read.damaged = reader.damaged();
  return read;
}

/// At most `step` bytes a read.
class DrippingStream final : public format::ByteStream {
 public:
  DrippingStream(std::string bytes, std::size_t step)
      : x_stream(format::memory_stream(std::move(bytes))), x_step(step) {}
  Result<std::size_t> read(Bytes into) override { return x_stream->read(into.first(std::min(into.size(), x_step))); }

 private:
  std::unique_ptr<format::ByteStream> x_stream;
  std::size_t x_step;
};

/// Fails behind its bytes.
class FailingStream final : public format::ByteStream {
 public:
  explicit FailingStream(std::string bytes) : x_stream(format::memory_stream(std::move(bytes))) {}
  Result<std::size_t> read(Bytes into) override {
    const auto got = x_stream->read(into);
    if (got && *got == 0) return make_error("the disk is gone");
    return got;
  }

 private:
  std::unique_ptr<format::ByteStream> x_stream;
};

inline std::string coded(std::string_view coding, std::string_view plain) {
  return http::encode_content(coding, as_bytes(plain)).value();
}

/// Real recordings of other programs: empty, after a message, where there are none.
inline std::filesystem::path foreign_data(std::string_view kind) {
  const char* given = std::getenv("TAPEDECK_DATA");
  const std::filesystem::path data = std::filesystem::path(given != nullptr ? given : "../shared/data") / kind;
  if (std::filesystem::is_directory(data)) return data;
  MESSAGE("skipped: no recordings in " << data.string());
  return {};
}

}  // namespace tapedeck::test
