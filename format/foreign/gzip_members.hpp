#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "format/byte_sink.hpp"
#include "format/stored_body.hpp"

namespace tapedeck::format {

enum class Compression : std::uint8_t { none, gzip };

/// Writes pieces plain or as gzip members end to end, which are one gzip file.
class MemberWriter {
 public:
  /// `to` outlives it.
  MemberWriter(ByteSink& to, Compression compression) : x_to(&to), x_compression(compression) {}
  /// A member of its own.
  Result<void> write_member(std::string_view bytes);
  /// The same of what `produce` hands to the visitor that it is given.
  Result<void> write_member(const std::function<Result<void>(const BodyVisitor& write)>& produce);
  /// Gathered with others into a member of about 1 MiB.
  Result<void> write(std::string_view bytes);
  /// What is gathered.
  Result<void> flush();

 private:
  Result<void> append(std::string_view bytes);

  ByteSink* x_to;
  Compression x_compression;
  std::string x_gathered;
};

}  // namespace tapedeck::format
