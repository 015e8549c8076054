#pragma once
#include <cstdint>

#include "format/foreign/wire_form.hpp"
#include "format/stored_body.hpp"

namespace tapedeck::format {

/// wire_form() of a side whose body may still be on its tape, piece by piece.
class WirePieces {
 public:
  /// Both outlive it.
  WirePieces(const StoredExchange& stored, http::Side side, const ReadBody& read)
      : x_body(message_of(stored.exchange, side).body.bytes),
        x_left(stored.left_of(side)),
        x_read(&read),
        x_frame(wire_frame(stored.exchange, side, x_left ? x_left.length : x_body.size())) {}

  std::uint64_t size() const {
    return x_frame.before.size() + (x_left ? x_left.length : x_body.size()) + x_frame.behind.size();
  }
  Result<void> visit(const BodyVisitor& to) const {
    if (auto done = to(x_frame.before); !done) return done;
    if (auto done = visit_body(to); !done) return done;
    return to(x_frame.behind);
  }
  Result<void> visit_body(const BodyVisitor& to) const { return x_left ? (*x_read)(x_left, to) : to(x_body); }
  const WireFrame& frame() const { return x_frame; }

 private:
  std::string_view x_body;
  const BodyRef& x_left;
  const ReadBody* x_read;
  WireFrame x_frame;
};

}  // namespace tapedeck::format
