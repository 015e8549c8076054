#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/byte_size.hpp"
#include "base/error.hpp"
#include "format/layout.hpp"
#include "http/exchange.hpp"

// Bodies that stay on their tape until they are asked for, piece by piece.
namespace tapedeck::format {

/// Which bodies are too large to be handed out with their exchange.
struct BodyLimits {
  ByteSize whole{kMaxLoadedBody};  // a larger one is never handed out in one piece
  ByteSize large = 1_MiB;          // a larger one stays behind a BodyRef where that is asked for
};

/// A body that stands on a tape in parts; good for the reader it came from.
struct BodyRef {
  std::uint32_t recording = 0;  // its place among those of the tape
  std::uint64_t blob = 0;       // 0: no body was left behind
  std::uint64_t length = 0;
  std::optional<std::uint64_t> seen;  // on the wire, if the tape says so: what Body::wire_length would be
  explicit operator bool() const { return blob != 0; }
};

/// Given a body piece by piece, at most 256 KiB each. Its error ends the reading.
using BodyVisitor = std::function<Result<void>(std::string_view piece)>;

/// An exchange whose large bodies were left on the tape: they are `kept`, without bytes, Body::wire_length set.
struct StoredExchange {
  http::Exchange exchange;
  std::array<BodyRef, 2> left;  // by side
  const BodyRef& left_of(http::Side side) const { return left[http::index_of(side)]; }
};

/// Reads what was left of the exchange at hand, as often as it is called.
using ReadBody = std::function<Result<void>(const BodyRef& body, const BodyVisitor& visit)>;

/// Brings it all into the exchange. A body beyond kMaxLoadedBody is omitted instead, because of the limit.
Result<http::Exchange> load_left(StoredExchange stored, const ReadBody& read);

}  // namespace tapedeck::format
