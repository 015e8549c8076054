#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "http/exchange.hpp"

namespace tapedeck::format {

/// What a file of raw HTTP cannot say of a side of an exchange; empty if it can hold it.
std::string_view why_not_whole(const http::Exchange& exchange, http::Side side);
/// What of it the body alone is to blame for.
std::string_view why_body_not_whole(const http::Exchange& exchange, http::Side side);

/// A side as it goes over the wire: heads (interim ones first), body, a chunked one as one chunk, trailers. A body cut
/// short stays so: its chunk promises more than it has.
std::string wire_form(const http::Exchange& exchange, http::Side side);

/// What of it stands before and behind a body of so many bytes.
struct WireFrame {
  std::string before;
  std::string behind;
};
WireFrame wire_frame(const http::Exchange& exchange, http::Side side, std::uint64_t body_bytes);

}  // namespace tapedeck::format
