#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "http/exchange.hpp"

namespace tapedeck::http {

/// The first part of every exchange. Connection and sequence name it on the tape.
struct BeginPart {
  std::shared_ptr<const Connection> connection;
  std::uint32_t sequence = 0;
  std::uint32_t stream = 0;
  Version version = Version::http_1_1;
};

/// A whole raw head (a request's, or a final response's). `first` is the time of its first byte.
struct HeadPart {
  Side side = Side::request;
  ConstBytes bytes;
  Time first{};
  std::uint16_t status = 0;  // response
};

/// A raw 1xx head.
struct InterimPart {
  ConstBytes bytes;
};

/// De-chunked body bytes; pieces come in order and without holes but for GapParts.
struct BodyPart {
  Side side = Side::request;
  ConstBytes bytes;
};

/// Body bytes that were lost; what follows continues behind them.
struct GapPart {
  Side side = Side::request;
  std::uint64_t length = 0;
};

/// Raw trailer lines without the empty line.
struct TrailersPart {
  Side side = Side::request;
  ConstBytes bytes;
};

/// The last part. Body lengths are those seen on the wire: larger than the pieces handed over if pieces were left out
/// (then the matching truncated flag is set), unset where unknown.
struct EndPart {
  FlagSet flags;
  Reason reason = Reason::none;
  std::optional<std::uint64_t> request_body_length;
  std::optional<std::uint64_t> response_body_length;
  std::string_view rules;
};

/// A piece of an exchange under way. Views are valid during take() only.
struct ExchangePart {
  std::uint64_t exchange = 0;  // names the exchange within its source; never used twice
  Time time{};                 // of the part's last byte
  std::variant<BeginPart, HeadPart, InterimPart, BodyPart, GapPart, TrailersPart, EndPart> content;
};

/// Exchanges, bytes or packets that never became parts.
struct Loss {
  Reason reason = Reason::none;
  std::uint64_t exchanges = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  Time from{};
  Time to{};
};

/// Process edge: where a source (proxy, packets, replay --save) puts what it sees. Never fails outward and never blocks
/// a live source. One thread calls; parts of one exchange come in order, begin first, end last; exchanges interleave.
struct ExchangeSink {
  virtual ~ExchangeSink() = default;
  virtual void take(const ExchangePart& part) noexcept = 0;
  virtual void lost(const Loss& loss) noexcept = 0;
  /// No exchange that begins after this call has a request first byte before `watermark`.
  virtual void advance(Time watermark) noexcept = 0;
};

}  // namespace tapedeck::http
