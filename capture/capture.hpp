#pragma once
#include <cstdint>
#include <stop_token>
#include <vector>

#include "capture/capture_account.hpp"
#include "capture/packet_source.hpp"
#include "http/exchange_sink.hpp"

namespace tapedeck::capture {

struct CaptureOptions {
  std::vector<std::uint16_t> ports;  // server ports; empty: every TCP port is examined
};

/// Packets to exchanges: link layers, IP, TCP reassembly, HTTP pairing, into `sink`. Ends at the source's end or when
/// `stop` is requested. All times are capture time.
Result<CaptureAccount> run_capture(PacketSource& source, http::ExchangeSink& sink, const CaptureOptions& options,
                                   std::stop_token stop);

}  // namespace tapedeck::capture
