#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "capture/open_exchanges.hpp"
#include "capture/stream.hpp"
#include "http/parser.hpp"

namespace tapedeck::capture {

/// One connection's two directions of bytes and gaps in, HTTP/1 exchanges out, to the sink of the context.
///
/// Which direction asks is told by content: a request line or a status line. What is neither from a connection's very
/// first byte on is opaque and costs nothing more. After a gap outside a body, a direction looks for a start line at
/// the start of captured segments.
class HttpPairing final : public StreamSink {
 public:
  struct Ends {
    http::SocketAddress forward;  // who sends in Direction::forward
    http::SocketAddress backward;
    std::optional<Time> opened;  // the SYN's time
  };
  HttpPairing(PairingContext& context, const Ends& ends);

  void start(Direction direction, StreamPosition position, bool syn) override;
  void bytes(Direction direction, const Piece& piece) override;
  void gap(Direction direction, StreamPosition position, std::uint64_t length, GapReason reason, Time now) override;
  void end(Direction direction, EndReason reason, Time now) override;
  void inconsistent(Direction direction) override;

  /// A packet was seen in this direction: it is not missing from the capture.
  void note_seen(Direction direction) { half(direction).seen = true; }
  void set_opened(Time time) { x_ends.opened = time; }

  /// Time of the oldest byte that may yet begin an exchange.
  std::optional<Time> oldest_held() const;
  /// Bytes held.
  std::size_t memory() const;

 private:
  enum class State : std::uint8_t {
    seeking,   // for a start line
    reading,   // messages
    awaiting,  // requests: the answer to an upgrade decides what follows
    opaque,
  };
  enum class Role : std::uint8_t { unknown, request, response };

  struct Half {
    State state = State::seeking;
    Role role = Role::unknown;
    bool syn = false;  // the direction's first byte was seen
    bool ended = false;
    bool seen = false;
    bool fresh = true;  // the next byte is the first of a message
    bool in_interim = false;
    bool inconsistent = false;  // two contents were seen for bytes of the message that is being read
    EndReason end_reason = EndReason::cut_off;
    http::Reason gap_reason = http::Reason::none;
    std::string_view opaque_as;
    StreamPosition first = 0;         // where it started
    StreamPosition next = 0;          // handed in up to here
    StreamPosition gap_end = 0;       // of the last gap outside a body
    StreamPosition unparsed_end = 0;  // of the last bytes that were no HTTP
    std::optional<http::MessageParser> parser;
    std::uint64_t current = 0;  // exchange whose message is being read; 0: none
    std::string buffer;         // bytes that are not yet parsed
    Time buffer_time{};         // of its first byte
    StreamPosition buffer_acked = 0;
    Time message_first{};  // of the message that is being read
    StreamPosition message_acked = 0;
    StreamPosition message_position = 0;
  };

  /// What waits because the client's bytes that the server had are not all here.
  struct Held {
    enum class What : std::uint8_t { bytes, gap, end } what;
    StreamPosition position = 0;
    std::string content;
    std::uint64_t length = 0;
    Time time{};
    StreamPosition peer_acked = 0;
    bool inconsistent = false;
    GapReason gap_reason{};
    EndReason end_reason{};
  };

  Half& half(Direction direction) { return x_halves[index(direction)]; }
  const Half& half(Direction direction) const { return x_halves[index(direction)]; }
  bool is_response(Direction direction) const { return half(direction).role == Role::response; }
  bool knows_roles() const { return x_halves[0].role != Role::unknown; }
  Half& requests() { return x_halves[x_halves[0].role == Role::request ? 0 : 1]; }
  Half& responses() { return x_halves[x_halves[0].role == Role::request ? 1 : 0]; }
  Direction direction_of(const Half& which) const {
    return &which == &x_halves[0] ? Direction::forward : Direction::backward;
  }

  // http_pairing.cpp: order, roles, gaps and ends
  bool must_wait(StreamPosition peer_acked) const;
  void hold(Held item);
  void hold_bytes(const Piece& piece);
  void release();
  void process(Half& h, const Piece& piece);
  void process_gap(Half& h, StreamPosition position, std::uint64_t length, GapReason reason, Time now);
  void process_end(Half& h, EndReason reason, Time now);
  void set_roles(Half& h, Role role);
  void seek(Half& h, const Piece& piece);
  void begin_reading(Half& h, Role role, const Piece& piece);
  void begin_with_odd_request(Half& h, const Piece& piece, std::string_view input, std::size_t blank);
  void judge_stranger(Half& h, const Piece& piece, std::string_view input, bool first);
  void skip(Half& h, const Piece& piece);
  void make_opaque(Half& h, std::string_view as);
  void count_unparsed(Half& h, std::uint64_t bytes, StreamPosition end);
  void discard_buffer(Half& h);
  void cut_message(Half& h, EndReason reason, Time now);
  void note_abort(const Half& h, EndReason reason, OpenExchange& exchange);
  void end_unanswered(Time now);
  void finish_all(Time now);

  // http_messages.cpp: messages of a direction
  void read(Half& h, const Piece& piece);
  bool handle(Half& h, const http::Event& event, Time now);
  void stash(Half& h, ConstBytes rest, const Piece& piece, bool older);
  void begin_message(Half& h, StreamPosition position, Time first, StreamPosition acked, Time now);
  void read_odd_request(Half& h, std::string_view head, Time first, StreamPosition acked, Time now);
  bool answers_another(const OpenExchange& exchange, StreamPosition position);
  void on_head(Half& h, ConstBytes bytes, Time now);
  void on_request_head(Half& h, Time now);
  void on_response_head(Half& h, ConstBytes bytes, Time now);
  void on_message_end(Half& h, Time now);
  void on_tunnel(Half& h, Time now);
  void settle_upgrade(Time now);
  /// The structure of this direction is lost here.
  void lose(Half& h, http::Reason why, Time now);
  void truncate(Half& h, http::Reason why, Time now);
  void note_rules(Half& h, OpenExchange& exchange);
  http::Reason why_response_is_missing(const OpenExchange& exchange);
  http::Reason why_request_is_missing();
  http::Reason why_passed_over();
  http::Side side_of(const Half& h) const {
    return h.role == Role::request ? http::Side::request : http::Side::response;
  }

  PairingContext* x_context;
  Ends x_ends;
  std::array<Half, 2> x_halves;
  OpenExchanges x_open;
  std::unique_ptr<std::deque<Held>> x_held;  // of the response direction
  std::size_t x_held_bytes = 0;
  bool x_lost_requests = false;  // requests may be missing since the last certain one
  bool x_any_response = false;
  std::uint64_t x_unparsed = 0;
};

}  // namespace tapedeck::capture
