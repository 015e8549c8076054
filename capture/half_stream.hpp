#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "capture/capture_account.hpp"
#include "capture/decode.hpp"
#include "capture/limits.hpp"
#include "capture/segment_store.hpp"
#include "capture/stream.hpp"

namespace tapedeck::capture {

/// What a half works with; the same for all.
struct StreamContext {
  const Limits& limits;
  CaptureAccount& account;
  std::size_t& stored_bytes;  // in all stores together
};

/// Something that a half waits for. When the wait is over, settle() decides.
struct Wait {
  enum class Until : std::uint8_t {
    gap_proven,   // packets and time, or the longer time
    longer_time,  // the longer time alone
  };
  Until until = Until::gap_proven;
  Tick since;
  StreamPosition position = 0;  // what the wait is about lies below

  bool operator==(const Wait& other) const { return since.packet == other.since.packet && until == other.until; }
};
bool is_over(const Wait& wait, const Tick& now, const Limits& limits);

/// One direction of a TCP connection: segments in, bytes in order and gaps out.
///
/// Of bytes seen twice the first are kept. A hole becomes a gap when the receiver has acknowledged it and the wait is
/// over, when the store is full, when the receiver is never seen and the longer time is over, or when the flow is.
/// Without SYN the first data are held for the same wait, then the lowest position starts.
class HalfStream {
 public:
  HalfStream(Direction direction, StreamContext context, StreamSink& sink)
      : x_direction(direction), x_context(context), x_sink(&sink) {}

  /// `peer_acked`: how much of the other direction the segment's sender had; 0 if it does not say.
  void segment(const Segment& segment, Time time, StreamPosition peer_acked, const Tick& now);
  /// The peer has all bytes below `acknowledgment`.
  void peer_ack(std::uint32_t acknowledgment, const Tick& now);
  /// A packet of the other direction was seen: this capture is not one-sided.
  void note_peer() { x_peer_seen = true; }

  /// What is waited for now; it changes with each call above.
  const std::optional<Wait>& wait() const { return x_wait; }
  /// The wait is over: declares what is to be declared.
  void settle(const Tick& now);
  /// Closes the lowest hole: there is no room to wait longer.
  void give_up_hole(const Tick& now);
  /// Hands up all that is held, with the gaps in between, and ends.
  void finish(EndReason reason, const Tick& now);

  /// The position of a sequence or acknowledgment number of this direction; nothing if it is over 1 GiB away.
  std::optional<StreamPosition> position_of(std::uint32_t number) const;
  /// Whether a reset with this sequence number is one of this connection.
  bool takes_reset(std::uint32_t sequence) const;

  bool started() const { return x_started; }
  bool ended() const { return x_ended; }
  std::optional<std::uint32_t> initial_sequence() const { return x_initial; }
  /// Whether a SYN with this sequence number can belong to what was seen so far.
  bool takes_syn(std::uint32_t sequence) const;
  StreamPosition next() const { return x_next; }
  std::size_t stored_bytes() const { return x_store ? x_store->bytes() : 0; }
  std::optional<Time> oldest_held() const;

 private:
  struct Delivered {
    StreamPosition position = 0;
    std::uint32_t length = 0;
    std::uint64_t hash = 0;
  };
  struct Gap {
    StreamPosition begin, end;
  };

  void anchor(StreamPosition at);
  void start(StreamPosition at, bool syn, const Tick& now);
  void on_syn(std::uint32_t sequence, const Tick& now);
  void place(Piece piece, std::uint64_t cut, const Tick& now);
  void count_after_end(const Segment& segment, std::uint32_t first, Time time);
  void count_below(const Piece& piece, StreamPosition to);
  void check_repeated(const Piece& piece);
  void deliver(const Piece& piece);
  void drain(const Tick& now);
  void close_hole(StreamPosition to, const Tick& now);
  void gap(StreamPosition to, GapReason reason, const Tick& now);
  void store(const Piece& piece, std::uint64_t cut);
  void keep_store_bounded(const Tick& now);
  void end_if_reached(const Tick& now);
  void end(EndReason reason, Time now);
  void update_wait(const Tick& now);
  /// One byte acknowledged beyond the data and nothing behind it: a FIN that was not seen, as far as one can tell.
  bool seems_unseen_fin() const;
  StreamPosition acked_data() const;

  Direction x_direction;
  bool x_anchored = false;  // x_next means something
  bool x_started = false;
  bool x_ended = false;
  bool x_peer_seen = false;
  StreamContext x_context;
  StreamSink* x_sink;
  StreamPosition x_next = 0;   // to be handed up next
  StreamPosition x_acked = 0;  // by the peer
  std::optional<StreamPosition> x_fin;
  std::optional<std::uint32_t> x_initial;
  std::optional<Wait> x_wait;
  std::unique_ptr<SegmentStore> x_store;
  std::unique_ptr<std::vector<Gap>> x_gaps;  // the last ones, to tell what is late from what is a duplicate
  std::unique_ptr<std::array<Delivered, 4>> x_delivered;  // the last ones
  std::uint8_t x_delivered_count = 0;
};

}  // namespace tapedeck::capture
