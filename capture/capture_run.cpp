#include "capture/capture_run.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck::capture {
namespace {

// How often the sink learns how far time has come.
constexpr std::uint64_t kAdvancePackets = 4096;
constexpr Duration kAdvanceTime = std::chrono::milliseconds(50);

}  // namespace

CaptureRun::CaptureRun(http::ExchangeSink& sink, CaptureOptions options, const Limits& limits)
    : x_limits(limits),
      x_options(std::move(options)),
      x_pairing{.sink = sink, .account = x_account, .limits = x_limits, .request_fields = {}, .response_fields = {}},
      x_flows(x_pairing, x_limits) {}

void CaptureRun::take(const RawPacket& packet) {
  const Time time = x_clock.observe(packet.time);
  x_tick = {.packet = ++x_account.packets_read, .clock = x_clock.now()};
  const Decoded decoded = decode(packet);
  if (const auto* segment = std::get_if<Segment>(&decoded)) {
    if (wanted(*segment)) ++x_account.segments;
    take_segment(*segment, time);
  } else if (const auto* fragment = std::get_if<IpFragment>(&decoded)) {
    ++x_account.fragments;
    take_fragment(*fragment, time);
  } else {
    skip(std::get<SkipReason>(decoded));
  }
  x_flows.settle(x_tick);
  if (x_tick.packet - x_advanced.packet >= kAdvancePackets || x_tick.clock - x_advanced.clock >= kAdvanceTime)
    advance();
}

bool CaptureRun::wanted(const Segment& segment) const {
  const auto named = [&](std::uint16_t port) {
    return std::find(x_options.ports.begin(), x_options.ports.end(), port) != x_options.ports.end();
  };
  return x_options.ports.empty() || named(segment.source.port) || named(segment.destination.port);
}

void CaptureRun::take_segment(const Segment& segment, Time time) {
  if (!wanted(segment)) return skip(SkipReason::other_port);
  x_flows.take(segment, time, x_tick);
}

void CaptureRun::take_fragment(const IpFragment& fragment, Time time) {
  const auto whole = x_defragmenter.take(fragment, time);
  if (!whole) return;
  const Decoded decoded = decode_transport(*whole);
  const auto* segment = std::get_if<Segment>(&decoded);
  if (segment != nullptr && wanted(*segment)) x_flows.take(*segment, time, x_tick);
}

void CaptureRun::advance() {
  x_advanced = x_tick;
  const Time now = x_tick.clock - std::chrono::seconds(1);
  x_pairing.sink.advance(std::min(now, x_flows.oldest_held().value_or(now)));
}

CaptureAccount CaptureRun::finish(const SourceStats& stats) {
  x_flows.finish(x_tick);
  x_account.fragments_dropped = x_defragmenter.dropped() + x_defragmenter.pieces();
  x_account.source_drops = stats.source_drops;
  x_account.unread_bytes = stats.unread_bytes;
  x_account.unread_where = stats.unread_where;
  if (stats.source_drops > 0) {
    x_pairing.sink.lost(
        {.reason = http::Reason::source_drop, .packets = stats.source_drops, .from = x_tick.clock, .to = x_tick.clock});
  }
  x_pairing.sink.advance(x_tick.clock);
  return x_account;
}

}  // namespace tapedeck::capture
