#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "format/byte_sink.hpp"

namespace tapedeck::format {

enum class Compression : std::uint8_t { none, gzip };

/// Writes pieces plain or as gzip members end to end, which are one gzip file.
class MemberWriter {
 public:
  /// `to` outlives it.
  MemberWriter(ByteSink& to, Compression compression) : x_to(&to), x_compression(compression) {}
  /// A member of its own.
  Result<void> write_member(std::string_view bytes);
  /// Gathered with others into a member of about 1 MiB.
  Result<void> write(std::string_view bytes);
  /// What is gathered.
  Result<void> flush();

 private:
  ByteSink* x_to;
  Compression x_compression;
  std::string x_gathered;
};

}  // namespace tapedeck::format
