#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.hpp"
#include "http/parser.hpp"

namespace tapedeck::format {

/// Kept of a body of an import, and looked at of a record: what is beyond is truncated.
inline constexpr std::size_t kMaxImportedBody = 64u << 20;
inline constexpr std::size_t kMaxImportedHead = 256u << 10;

/// One side of an exchange, as raw HTTP/1.x tells it. Times are left to the caller.
struct RawMessage {
  http::Message message;
  std::vector<std::string> interim;  // responses: 1xx heads in front
  http::Version version = http::Version::http_1_1;
  std::uint16_t status = 0;
  http::FlagSet flags;
  http::RuleSet rules;
  http::RequestFacts facts;   // requests: what their response has to know
  std::size_t excess = 0;     // bytes behind the message
  std::uint64_t wanting = 0;  // bytes that its body would go on for; UINT64_MAX: nobody knows
};

/// Takes a message out of raw bytes: first the heads, which tell how long the body is, then the rest of the record.
/// Heads whose lines end in LF alone, or that name a later version of HTTP, are rebuilt.
class RawMessageReader {
 public:
  /// `answers` matters to responses.
  explicit RawMessageReader(http::Side side, const http::RequestFacts& answers = {});
  RawMessageReader(const RawMessageReader&) = delete;  // the parser points to its neighbours
  RawMessageReader& operator=(const RawMessageReader&) = delete;

  enum class Start : std::uint8_t {
    head,        // body_begin() and framing() are known
    incomplete,  // nothing but beginnings of heads
    not_http,
  };
  enum class Record : std::uint8_t { whole, cut_off };
  /// `text` begins with the message. In a whole record the empty line may be missing if nothing stands behind it.
  Start read_heads(std::string_view text, Record record);

  std::size_t body_begin() const { return x_body_begin; }
  http::Framing framing() const { return x_parser.framing(); }
  std::uint64_t content_length() const { return x_parser.content_length(); }

  /// `rest` is what stands behind the heads up to the record's end.
  RawMessage finish(std::string_view rest);
  /// `unseen` more bytes of the record follow `rest`: the body's length grows by those that it would go on for (of
  /// chunks with all that is around them). Returns how many are behind the message.
  std::uint64_t count_unseen(RawMessage& message, std::uint64_t unseen) const;

 private:
  bool take_head(std::string_view raw);
  void finish_chunked(std::string_view rest);
  void keep(std::string_view body, std::uint64_t whole);

  http::Side x_side;
  http::ParserLimits x_limits;
  http::FieldTable x_table;
  http::MessageParser x_parser;
  RawMessage x_out;
  std::size_t x_body_begin = 0;
  bool x_final = false;
  bool x_tunnel = false;
};

/// Where a chunked body that begins `text` ends, trailers and all; nothing if it goes on or is broken.
std::optional<std::size_t> chunked_end(std::string_view text);

/// Both sides as an exchange: status, version, flags, rules, interim heads. Either may be null.
http::Exchange exchange_of(RawMessage* request, RawMessage* response);

/// Why a body of it is truncated: our limit, or what was read ended; none if no body is.
http::Reason truncation_reason(const http::Exchange& exchange);

}  // namespace tapedeck::format
