#pragma once
#include <cstddef>
#include <memory>

#include "base/error.hpp"
#include "format/byte_stream.hpp"
#include "format/foreign/foreign_connections.hpp"
#include "format/foreign/foreign_reader.hpp"

namespace tapedeck::format {

/// JSON of one entry; a larger one is skipped. Holds a body of 64 MiB in base64.
inline constexpr std::size_t kLargestHarEntry = 128u << 20;

/// HAR 1.1 and 1.2, as browsers and proxies write it. An error at once if this is no HAR; one later if the document is
/// cut off or broken in the middle: what came before stays good. Skipped: damaged_entry, entry_too_large, not_http,
/// bad_url, bad_method, head_limit, cut_off (entries); field_refused, body_not_sent, body_undecodable (parts).
Result<std::unique_ptr<ForeignReader>> read_har(std::unique_ptr<ByteStream> from,
                                                std::size_t largest_entry = kLargestHarEntry,
                                                SharedNumbers numbers = std::make_shared<ConnectionNumbers>());

}  // namespace tapedeck::format
