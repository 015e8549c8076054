#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "capture/capture_account.hpp"
#include "capture/limits.hpp"
#include "capture/stream.hpp"
#include "http/exchange_sink.hpp"
#include "http/parser.hpp"

namespace tapedeck::capture {

/// What the connections of one capture share.
struct PairingContext {
  http::ExchangeSink& sink;
  CaptureAccount& account;
  const Limits& limits;
  http::ParserLimits parser_limits = http::observe_limits();
  http::FieldTable request_fields;  // filled and read within one event, so one table serves all connections
  http::FieldTable response_fields;
  std::uint64_t exchanges = 0;
  std::uint64_t connections = 0;
};

/// An exchange under way.
struct OpenExchange {
  std::uint64_t id = 0;
  StreamPosition note = 0;      // how much of the server's bytes the client had when it sent the request
  StreamPosition position = 0;  // of the request, among the client's bytes
  http::RequestFacts facts;
  http::Version version = http::Version::http_1_1;
  bool begun = false;  // the sink knows it
  bool request_done = false;
  bool response_begun = false;
  bool response_done = false;
  http::FlagSet flags;
  http::Reason reason = http::Reason::none;
  http::RuleSet rules;
  std::optional<std::uint64_t> request_body;
  std::optional<std::uint64_t> response_body;
  std::size_t interim_heads = 0;
  std::uint64_t lost_bytes = 0;  // of a request head that was recognised and not read to its end
  Time last{};                   // of the newest part

  bool unanswered() const { return !response_begun && !response_done; }
  /// Why it is incomplete; a loss beats what lies in the nature of things, else the first one stays.
  void blame(http::Reason why);
};

/// The exchanges of one connection that are not finished: which one a response answers, and their parts to the sink.
class OpenExchanges {
 public:
  OpenExchanges(PairingContext& context, http::Connection connection)
      : x_context(&context), x_facts(std::move(connection)) {}

  http::Connection& facts() { return x_facts; }  // before the first exchange

  OpenExchange& add(StreamPosition note);
  OpenExchange& open_request(StreamPosition note, const http::Head& head, Time first, Time now);
  /// A response without request.
  OpenExchange& open_alone(http::Version version, http::Reason why, Time now);

  /// Whom a response at `position` answers; those that were passed over are finished as `response_missing`.
  OpenExchange* answered_by(StreamPosition position, http::Reason passed_over, Time now);
  /// The server's bytes up to `position` have gone by: who asked again after them will not be answered any more.
  void expire(StreamPosition position, http::Reason why, Time now);
  /// More than the limit are unanswered: gives up the oldest.
  void keep_bounded(Time now);

  void emit(OpenExchange& exchange, decltype(http::ExchangePart::content) content, Time time);
  void begin(OpenExchange& exchange, Time now);
  void miss_response(OpenExchange& exchange, http::Reason why, Time now);
  /// Ends it if both sides are done: then the reference is gone.
  bool finish_if_done(OpenExchange& exchange, Time now);

  std::list<OpenExchange>& all() { return x_open; }
  OpenExchange* find(std::uint64_t id);  // null for 0 and for one that is finished
  bool empty() const { return x_open.empty(); }
  std::uint32_t opened() const { return x_sequence; }

  bool pipelined = false;  // a request was sent before the answer to the one before was there
  bool uncertain = false;  // a message may have been lost: pair by position, not by count

 private:
  void note_pipelining(const OpenExchange& added);

  PairingContext* x_context;
  http::Connection x_facts;
  std::shared_ptr<const http::Connection> x_connection;  // shared with the sink, which may keep it
  std::list<OpenExchange> x_open;                        // in the order of the requests
  std::uint32_t x_sequence = 0;
};

}  // namespace tapedeck::capture
