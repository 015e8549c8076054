#pragma once
#include <optional>

#include "http/exchange_sink.hpp"
#include "proxy/byte_ring.hpp"
#include "proxy/tee.hpp"

namespace tapedeck::proxy {

/// The consumer's end of one ring: turns its records into the sink's calls, in order. Only the tee thread calls.
class TeeReader {
 public:
  explicit TeeReader(ByteRing& ring) : x_ring(ring) {}

  /// Hands on what is there, about `at_most` bytes of it. How many bytes it took.
  std::size_t drain(http::ExchangeSink& sink, std::size_t at_most);
  /// The last mark that was read.
  std::optional<Time> watermark() const { return x_watermark; }

 private:
  void hand_on(const TeeRecord& record, std::byte* bytes, http::ExchangeSink& sink);

  ByteRing& x_ring;
  std::optional<Time> x_watermark;
};

}  // namespace tapedeck::proxy
