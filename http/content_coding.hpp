#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tapedeck::http {

struct DecodeLimits {
  std::uint64_t bytes = 64u << 20;  // decoded
  std::uint64_t ratio = 1000;       // decoded : coded, beyond 1 MiB
  int layers = 3;
};

enum class DecodeFailure : std::uint8_t { none, unknown_coding, corrupt, too_large };

struct Decoded {
  std::string bytes;  // what could be decoded, up to the failure
  DecodeFailure failure = DecodeFailure::none;
};

/// Undoes the codings of a Content-Encoding value (`gzip`, `x-gzip`, `deflate` as zlib or raw, `br`, `zstd`,
/// `identity`, lists of them; last applied is undone first).
Decoded decode_content(std::string_view content_encoding, ConstBytes coded, const DecodeLimits& limits = {});

/// Applies one coding; `gzip`, `deflate`, `br`, `zstd`, `identity`.
Result<std::string> encode_content(std::string_view coding, ConstBytes plain);

}  // namespace tapedeck::http
