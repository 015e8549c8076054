#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/intrusive/list_hook.hpp>

#include "base/time.hpp"
#include "http/exchange.hpp"
#include "http/parser.hpp"

namespace tapedeck::replay {

/// A recorded connection in one pass over the tape.
enum class ConnectionKey : std::uint64_t {};
/// Who shares live connections: a recorded connection, the pool, or one request alone.
enum class LaneKey : std::uint64_t {};
/// A live connection of one worker.
enum class LiveId : std::uint32_t {};
inline constexpr LiveId kNoLive{0xffffffff};

/// What goes over the wire, in order. The body is the recorded exchange's own, not copied.
struct WireBytes {
  std::string head;         // start line through the empty line
  std::string before_body;  // chunked: the line of the only chunk
  std::string after_body;   // chunked: what closes it
};

namespace intrusive = boost::intrusive;
struct DeadlineTag;
struct LaneTag;
using DeadlineHook =
    intrusive::list_base_hook<intrusive::tag<DeadlineTag>, intrusive::link_mode<intrusive::auto_unlink>>;
using LaneHook = intrusive::list_base_hook<intrusive::tag<LaneTag>, intrusive::link_mode<intrusive::auto_unlink>>;

/// One request, ready to send. Filled by the reader, then owned by one worker until it has ended.
struct PlannedRequest : DeadlineHook, LaneHook {
  http::Exchange recorded;
  std::uint32_t pass = 0;
  ConnectionKey connection{};
  LaneKey lane{};
  bool last_in_lane = false;  // nothing that can be sent follows: its live connections may go
  bool idempotent = false;
  std::uint32_t endpoint = 0;  // into the reader's table
  Duration offset{};           // due − T0
  WireBytes wire;
  http::RequestFacts facts;
  std::size_t bytes = 0;  // of memory, for the bounds
  MonoTime ready{};       // when the reader put it into the ring

  // What the worker notes on the way.
  MonoTime due{};
  MonoTime handed{};      // when the schedule let it go
  MonoTime sent{};        // first byte written; meaningless before was_sent
  Duration limit_wait{};  // of handed − due: blocked by the in-flight limit
  LiveId live = kNoLive;
  bool was_sent = false;
  bool retried = false;
  bool answer_dropped = false;  // the recorded answer's body, to stay within memory
};

using RequestPtr = std::unique_ptr<PlannedRequest>;

}  // namespace tapedeck::replay
