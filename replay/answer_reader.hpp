#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "http/exchange.hpp"
#include "http/parser.hpp"

namespace tapedeck::replay {

/// What is kept of an answer: nothing of the body, or at most so much of it.
struct AnswerLimits {
  std::uint64_t body = 8u << 20;
};

/// The answers of one live connection, one after the other: bytes in, whole answers out. No I/O.
class AnswerReader {
 public:
  enum class State : std::uint8_t {
    need_more,
    complete,    // take() it
    malformed,   // not HTTP, or nobody can tell where it ends
    unexpected,  // bytes although nothing was asked
    cut,         // the connection ended before the answer did; bytes_back() tells whether it had begun
    idle_end,    // the connection ended between two answers
  };

  /// `table` outlives it and may be shared by readers of one thread.
  AnswerReader(http::FieldTable& table, const AnswerLimits& limits);

  /// The next answer is to this request.
  void expect(const http::RequestFacts& request);
  State feed(ConstBytes bytes, Time now);
  State end_of_input(http::Ending how, Time now);

  /// The response side of the exchange and its flags; after `complete`, once.
  http::Exchange take();
  /// Whether the connection can carry another request; after `complete`.
  bool reusable() const { return x_reusable && x_rest.empty(); }
  bool expecting() const { return x_expecting; }
  bool bytes_back() const { return x_bytes_back; }

 private:
  State parse(ConstBytes bytes, Time now);
  State complete(Time now);
  void take_head(Time now);
  void keep_body(ConstBytes bytes);

  http::MessageParser x_parser;
  AnswerLimits x_limits;
  http::Exchange x_answer;
  std::string x_rest;  // read, not yet consumed
  std::uint64_t x_body_seen = 0;
  bool x_expecting = false;
  bool x_bytes_back = false;
  bool x_interim = false;
  bool x_reusable = true;
};

}  // namespace tapedeck::replay
