#pragma once
#include "capture/capture.hpp"
#include "capture/capture_clock.hpp"
#include "capture/defragmenter.hpp"
#include "capture/flow_table.hpp"
#include "capture/limits.hpp"

namespace tapedeck::capture {

/// What run_capture() does, packet by packet.
class CaptureRun {
 public:
  CaptureRun(http::ExchangeSink& sink, CaptureOptions options, const Limits& limits = {});
  CaptureRun(const CaptureRun&) = delete;
  CaptureRun& operator=(const CaptureRun&) = delete;

  void take(const RawPacket& packet);
  /// Hands up all that is still held.
  CaptureAccount finish(const SourceStats& stats);

  const CaptureAccount& account() const { return x_account; }
  const FlowTable& flows() const { return x_flows; }

 private:
  void take_segment(const Segment& segment, Time time);
  void take_fragment(const IpFragment& fragment, Time time);
  void skip(SkipReason reason) { ++x_account.skipped[std::string(name_of(reason))]; }
  bool wanted(const Segment& segment) const;
  void advance();

  Limits x_limits;
  CaptureOptions x_options;
  CaptureAccount x_account;
  CaptureClock x_clock;
  Tick x_tick;
  Defragmenter x_defragmenter;
  PairingContext x_pairing;
  FlowTable x_flows;
  Tick x_advanced;
};

}  // namespace tapedeck::capture
