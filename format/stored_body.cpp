#include "format/stored_body.hpp"

#include <utility>

namespace tapedeck::format {

Result<http::Exchange> load_left(StoredExchange stored, const ReadBody& read) {
  for (const http::Side side : http::kSides) {
    const BodyRef& ref = stored.left_of(side);
    if (!ref) continue;
    http::Body& body = message_of(stored.exchange, side).body;
    if (ref.length > kMaxLoadedBody) {
      body.state = http::BodyState::omitted;
      body.omitted_because = http::OmittedBecause::limit;
      continue;  // Body::wire_length says how large it is
    }
    body.wire_length = ref.seen;
    const auto append = [&body](std::string_view piece) -> Result<void> {
      body.bytes += piece;
      return {};
    };
    if (auto done = read(ref, append); !done) return done.error();
  }
  return std::move(stored.exchange);
}

}  // namespace tapedeck::format
