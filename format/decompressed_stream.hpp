#pragma once
#include <cstdint>
#include <memory>

#include "format/byte_stream.hpp"

namespace tapedeck::format {

/// What becomes of a gzip file behind a broken member.
enum class BehindDamage : std::uint8_t {
  given_up,
  gone_on_with,  // at the next member, after go_on(): the stream before it has ended
};

/// Undoes gzip (also several members end to end) and zstd, told by content; anything else is handed on as it is.
Result<std::unique_ptr<ByteStream>> decompressed_stream(std::unique_ptr<ByteStream> raw,
                                                        BehindDamage behind = BehindDamage::given_up);

}  // namespace tapedeck::format
