#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "http/head.hpp"
#include "http/judge.hpp"
#include "http/rules.hpp"
#include "http/start_line.hpp"

namespace tapedeck::http {

enum class Step : std::uint8_t {
  need_more,  // nothing until more bytes come (consumed may be > 0: leading CRLFs, chunk lines)
  head,       // a whole head; `bytes` is its raw form, and head() is valid until these bytes leave the buffer
  body,       // `bytes`: body bytes, de-chunked
  trailers,   // `bytes`: raw trailer lines without the empty line (only if there are any)
  end,        // the message is complete; the next call starts the next message (interim responses are messages too)
  tunnel,     // after a 101 or a 2xx to CONNECT: no more HTTP on this connection; nothing further is consumed
  desync,     // observe: nobody can frame what follows; why() names the rule. Only reset() goes on
  rejected,   // strict: why() names the rule (none: the input ended inside a message), status() the answer. Final
};

/// tunnel, desync and rejected come again whenever asked: a loop over events ends at them too.
struct Event {
  Step step = Step::need_more;
  std::size_t consumed =
      0;             // take this many bytes off the front of the buffer before the next call; may be more than `bytes`
  ConstBytes bytes;  // view into the buffer
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
/// What a request as received asks for. A proxy that removes the Upgrade must clear `asks_upgrade`.
RequestFacts facts_of(const Head& request);

enum class Ending : std::uint8_t { fin, tls_without_close_notify, reset };

/// One direction of an HTTP/1.x connection as a pure state machine: bytes in, events out. No sockets, clocks, globals;
/// no allocation per message. The caller owns the buffer: it passes all bytes not yet consumed and removes what an
/// event consumed. A head is consumed by its `head` event only once whole. Any split of the input gives the same
/// events, neighbouring body events merged.
class MessageParser {
 public:
  /// `limits` and `table` outlive the parser.
  MessageParser(Side side, Mode mode, const ParserLimits& limits, FieldTable& table);

  /// Response side: tells what the next final response answers; call it before next() meets that response. Without it
  /// a response is taken to answer a GET. Interim (1xx) responses do not use it up, the final `head` does.
  void answers(const RequestFacts& request);

  /// Repeat until need_more.
  Event next(ConstBytes unconsumed);

  /// observe: `bytes` of this direction were lost here; the buffer is empty. Inside a body of known length, inside one
  /// chunk or in a body read to the close: parsing goes on behind them and the answer is `body` with empty bytes (call
  /// next() again even without bytes: the body may be complete). Elsewhere: desync, why() is none.
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
  RuleSet fired() const { return x_judge.fired; }
  Rule why() const { return x_judge.why; }
  /// strict, after `rejected`: the status to answer with (request side: 400, 405, 414, 431, 501, 505; response side:
  /// 502).
  std::uint16_t status() const { return x_judge.status; }

 private:
  enum class State : std::uint8_t {
    start,
    length_body,
    close_body,
    chunk_line,
    chunk_body,
    chunk_end,
    trailers,
    done,
    tunnel,
    failed
  };

  void begin_message();
  Event fail(std::size_t consumed = 0);
  Event need_more(std::size_t consumed, std::string_view rest);
  bool skip_empty_lines(std::string_view text, std::size_t& skipped);
  Event next_head(std::string_view text);
  std::size_t scan_head(std::string_view text);
  bool end_head_line(std::string_view text, std::size_t line_end);
  bool over_limit(std::string_view text, std::size_t line_end);
  Event finish_head(std::string_view text, std::size_t skipped);
  bool plan_body();
  static State state_for(Framing framing);
  std::optional<Event> measured_body(std::string_view text, std::size_t& at);
  Event close_body(std::string_view text);
  std::optional<Event> chunk_line(std::string_view text, std::size_t& at);
  std::optional<Event> chunk_end(std::string_view text, std::size_t& at);
  Event trailers(std::string_view text, std::size_t at);
  Event end(std::size_t consumed);

  const ParserLimits* x_limits;
  FieldTable* x_table;
  Judge x_judge;
  State x_state = State::start;
  Head x_head;
  StartLine x_start;
  RequestFacts x_answers;
  Framing x_framing = Framing::none;
  bool x_keeps_alive = true;
  bool x_fresh = true;             // the next byte is the first of a message
  std::uint8_t x_empty_lines = 0;  // in front of the start line
  std::size_t x_interim_heads = 0;
  std::size_t x_pending = 0;  // bytes of an unfinished head, line or section that the caller still holds
  std::size_t x_scan = 0;     // of these, how many were searched for a line end
  std::size_t x_line = 0;     // where in them the current line starts
  std::size_t x_lines = 0;    // whole lines in them
  std::uint64_t x_content_length = 0;
  std::uint64_t x_body_bytes = 0;
  std::uint64_t x_remaining = 0;  // of the measured body or the chunk
  std::uint64_t x_extension_bytes = 0;
};

}  // namespace tapedeck::http
