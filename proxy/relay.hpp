#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "http/exchange.hpp"
#include "http/forwarding.hpp"
#include "http/parser.hpp"
#include "proxy/counters.hpp"
#include "proxy/flow.hpp"
#include "proxy/http_date.hpp"
#include "proxy/open_heads.hpp"
#include "proxy/own_answer.hpp"
#include "proxy/relay_io.hpp"
#include "proxy/serve.hpp"
#include "proxy/tee.hpp"

namespace tapedeck::proxy {

/// What the relays of a worker share; outlives them.
struct RelayContext {
  const http::ForwardPolicy& forward;
  const TimeOuts& time_outs;
  BufferSlab& slab;
  Tee& tee;
  OpenHeads& heads;
  HttpDate& date;
  Counters& counters;
};

/// One client connection through the proxy, without its sockets: told what happened, it says what to do. Holds the
/// bytes on their way; has at most one upstream connection, for one exchange at a time.
class Relay {
 public:
  Relay(RelayContext context, std::shared_ptr<const http::Connection> connection);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Before the first input: what holds for a connection that was just accepted.
  Actions start(Now now);
  Actions on(const Input& input, Now now);

  /// Where bytes read from `end` go. Ask when there are some: it takes memory. Empty if there is no room.
  Bytes room(End end) { return from(end).room(); }
  /// Gives back what room() took, if nothing was read.
  void no_bytes(End end) { from(end).settle(); }
  /// What to write to `end`.
  std::array<ConstBytes, 3> output(End end) const { return (end == End::client ? x_response : x_request).output(); }

  bool closed() const { return x_state == State::closed; }
  bool idle() const { return x_state == State::idle; }

 private:
  enum class State : std::uint8_t { idle, head, exchange, answering, tunnel, linger, closed };
  enum class Upstream : std::uint8_t { none, connecting, up };

  struct Exchange {
    TeeExchange tee;
    http::FlagSet flags;
    http::Reason reason = http::Reason::none;
    http::RuleSet rules;
    http::RequestFacts facts;
    http::BodyOut request_out = http::BodyOut::none;
    http::BodyOut response_out = http::BodyOut::none;
    bool idempotent = false;
    bool client_keeps = false;   // what the request says
    bool client_stays = false;   // what the response said
    bool request_read = false;   // the client's message is complete
    bool request_sent = false;   // and so it is for the upstream
    bool upstream_deaf = false;  // it takes no more of the request
    bool pooled = false;
    bool retried = false;
    bool response_begun = false;    // a byte came
    bool response_head = false;     // the final head came
    bool response_read = false;     // the upstream's message is complete
    bool response_formed = false;   // what the client gets is complete in the flow
    bool response_sending = false;  // a byte of the final response went out
    bool upstream_keeps = false;
    bool own_answer = false;
    std::optional<OwnAnswer> answer_here;  // it is not for the upstream
    std::optional<Duration> keep_for;
    Time response_first{};
  };

  Flow& from(End end) { return end == End::client ? x_request : x_response; }

  // Inputs.
  void bytes(End end, std::size_t n);
  void written(End end, std::size_t n);
  void ended(End end);
  void broken(End end);
  void write_failed(End end);
  void connected(bool pooled);
  void connect_failed(ConnectFailure why);
  void due();
  void exchange_due();
  void drain();
  void cut();

  // The request.
  void client_bytes();
  void pump_request();
  bool request_event(const http::Event& event);
  void begin_exchange(const http::Event& event);
  void close_request_batch();
  void refuse();

  // The response.
  void upstream_bytes();
  void pump_response();
  bool response_event(const http::Event& event);
  void response_head(const http::Event& event);
  void interim_head(const http::Head& head);
  void close_response_batch();
  bool client_may_stay() const;
  void response_ended(http::Ending how);

  // The tunnel.
  void start_tunnel();
  void pump_tunnel();

  // Ends.
  bool can_retry() const;
  void retry();
  void no_response(OwnAnswer answer, http::Flag flag);
  void bad_response();
  void fail(OwnAnswer answer);
  void answer(OwnAnswer answer);
  void client_gone(Actions::Close how);
  void finish_exchange();
  void end_exchange();
  void discard_upstream();
  void linger();
  void close(Actions::Close how);

  void settle();
  void note_waiting();
  Actions wants();
  std::optional<MonoTime> deadline() const;
  void exchange_deadline(MonoTime& at) const;
  bool waits_for_body() const;
  Duration rate_window() const;
  bool rate_is_due() const;
  void restart_waits();

  const RelayContext x_context;
  const std::shared_ptr<const http::Connection> x_connection;  // owners: this, exchanges on their way to the sink
  const std::string x_client_ip;
  std::uint32_t x_sequence = 0;
  State x_state = State::idle;
  Upstream x_upstream = Upstream::none;
  bool x_client_ended = false;
  bool x_upstream_ended = false;
  bool x_passed_end[2] = {false, false};  // tunnel: by the end it came from
  bool x_draining = false;

  Flow x_request;
  Flow x_response;
  http::FieldTable x_request_fields;
  http::FieldTable x_response_fields;
  http::MessageParser x_request_parser;
  std::optional<http::MessageParser> x_response_parser;
  std::string x_request_trailers;
  std::string x_response_trailers;
  Exchange x_exchange;

  Now x_now;
  Actions x_actions;
  Time x_head_first{};  // wall time of the first byte of the request that is being read
  std::optional<OpenHeads::Place> x_waiting;
  Time x_client_read{};        // the last read
  MonoTime x_since{};          // of this state
  MonoTime x_client_wait{};    // waiting for bytes of the client's body
  MonoTime x_client_write{};   // the client's last progress in taking ours
  MonoTime x_upstream_wait{};  // the upstream's last progress, either way
  MonoTime x_drain_since{};
  MonoTime x_rate_since{};   // of this stretch of waiting for the client's body
  Duration x_rate_waited{};  // the stretches before
  std::uint64_t x_rate_bytes = 0;
  std::uint64_t x_lingered = 0;
};

}  // namespace tapedeck::proxy
