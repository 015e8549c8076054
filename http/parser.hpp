#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "http/head.hpp"
#include "http/rules.hpp"

namespace tapedeck::http {

/// strict: in front of production, refuses what has more than one reading. observe: reports what passed between two
/// others, refuses nothing that it can frame.
enum class Mode : std::uint8_t { strict, observe };

enum class Step : std::uint8_t {
  need_more,  // nothing until more bytes come (consumed may be > 0: leading CRLFs, chunk lines)
  head,       // a whole head; `bytes` is its raw form, and head() is valid until these bytes leave the buffer
  body,       // `bytes`: body bytes, de-chunked
  trailers,   // `bytes`: raw trailer lines without the empty line (only if there are any)
  end,        // the message is complete; the next call starts the next message
  tunnel,     // after a 101 or a 2xx to CONNECT: no more HTTP on this connection; nothing further is consumed
  desync,     // observe: nobody can frame what follows; why() names the rule. Only reset() goes on
  rejected,   // strict: why() names the rule, status() the answer. Final
};

struct Event {
  Step step = Step::need_more;
  std::size_t consumed = 0;  // take this many bytes off the front of the buffer before the next call
  ConstBytes bytes;          // view into the buffer
};

struct ParserLimits {
  std::size_t head_bytes = 32 * 1024;
  std::size_t fields = 128;
  std::size_t target_bytes = 16 * 1024;
  std::size_t method_bytes = 32;
  std::size_t trailer_bytes = 8 * 1024;
  std::size_t trailer_fields = 32;
  std::size_t chunk_line_bytes = 256;
  std::size_t interim_heads = 16;
};
ParserLimits strict_request_limits();   // docs/http-rules.md, `head_size`
ParserLimits strict_response_limits();  // 64 KiB, 256 fields
ParserLimits observe_limits();          // 256 KiB head, 64 KiB trailers, 16 KiB chunk line

/// What a response parser must know of the request that the next response answers.
struct RequestFacts {
  bool is_head = false;
  bool is_connect = false;
  bool asks_upgrade = false;
  Version version = Version::http_1_1;
};

enum class Ending : std::uint8_t { fin, tls_without_close_notify, reset };

/// One direction of an HTTP/1.x connection as a pure state machine: bytes in, events out. No sockets, clocks, globals;
/// no allocation per message. The caller owns the buffer: it passes all bytes not yet consumed and removes what an
/// event consumed. A head is consumed by its `head` event only once whole. Any split of the input gives the same
/// events, neighbouring body events merged.
class MessageParser {
 public:
  /// `limits` and `table` outlive the parser.
  MessageParser(Side side, Mode mode, const ParserLimits& limits, FieldTable& table);

  /// Response side: tells what the next response answers. Without it a response is taken to answer a GET.
  /// Interim (1xx) responses do not use it up.
  void answers(const RequestFacts& request);

  /// Repeat until need_more.
  Event next(ConstBytes unconsumed);

  /// observe: `bytes` of this direction were lost here; the buffer is empty. Inside a body of known length or inside
  /// one chunk: parsing goes on behind them and the answer is `body` with empty bytes. Elsewhere: desync.
  Event gap(std::uint64_t bytes);

  /// The direction ended. `end` if that completes a message (read to close, or between messages there is none:
  /// need_more), desync or rejected if it cuts one.
  Event end_of_input(Ending how);

  /// Ready for a start line again (observe, after desync).
  void reset();

  /// Valid from a `head` event until its bytes leave the buffer.
  const Head& head() const { return x_head; }
  Framing framing() const { return x_framing; }
  /// Declared length of a body with Framing::length.
  std::uint64_t content_length() const { return x_content_length; }
  /// Body bytes of this message so far, lost ones included.
  std::uint64_t body_bytes() const { return x_body_bytes; }
  /// Whether the message lets the connection be used again (version, Connection, framing).
  bool keeps_alive() const { return x_keeps_alive; }
  /// At the start of a message, not a byte of it seen.
  bool between_messages() const;
  /// Rules that fired in this message.
  RuleSet fired() const { return x_fired; }
  Rule why() const { return x_why; }
  /// strict, after `rejected` on the request side: the status to answer with (400, 414, 431, 501, 505 ...).
  std::uint16_t status() const { return x_status; }

 private:
  enum class State : std::uint8_t;
  Side x_side;
  Mode x_mode;
  const ParserLimits* x_limits;
  FieldTable* x_table;
  Head x_head;
  Framing x_framing = Framing::none;
  std::uint64_t x_content_length = 0;
  std::uint64_t x_body_bytes = 0;
  bool x_keeps_alive = true;
  RuleSet x_fired;
  Rule x_why = Rule::none;
  std::uint16_t x_status = 0;
};

}  // namespace tapedeck::http
