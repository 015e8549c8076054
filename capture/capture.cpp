#include "capture/capture.hpp"

#include "capture/capture_run.hpp"

namespace tapedeck::capture {

Result<CaptureAccount> run_capture(PacketSource& source, http::ExchangeSink& sink, const CaptureOptions& options,
                                   std::stop_token stop) {
  CaptureRun run(sink, options);
  RawPacket packet;
  while (!stop.stop_requested()) {
    const auto more = source.read(packet);
    if (!more) return more.error();
    if (!*more) break;
    run.take(packet);
  }
  return run.finish(source.stats());
}

}  // namespace tapedeck::capture
