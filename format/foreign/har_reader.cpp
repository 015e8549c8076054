#include "format/foreign/har_reader.hpp"

#include <algorithm>
#include <cmath>

#include "format/foreign/har_connections.hpp"
#include "format/foreign/har_elements.hpp"
#include "format/foreign/har_entry.hpp"
#include "format/foreign/har_rebuild.hpp"
#include "format/foreign/raw_message.hpp"
#include "format/foreign/skip_account.hpp"

namespace tapedeck::format {
namespace {

constexpr Duration kBetweenUndated = std::chrono::milliseconds(1);

Duration from_ms(double ms) {
  constexpr double kMost = 1e9;  // eleven days: keeps the sums in range
  return Duration(std::llround(std::min(ms, kMost) * 1e6));
}

struct Timeline {
  Time request_first;
  Time request_last;
  Time response_first;
  Time response_last;
};

Timeline timeline_of(const HarEntry& entry, Time started) {
  if (entry.own) {
    const HarOwnFacts& own = *entry.own;
    return {own.request_first, own.request_last, own.response_first, own.response_last};
  }
  const HarTimings& t = entry.timings;
  Timeline line;
  line.request_first = started + from_ms(t.blocked) + from_ms(t.dns) + from_ms(t.connect);
  if (t.ssl > t.connect) line.request_first += from_ms(t.ssl);  // else connect holds it
  line.request_last = line.request_first + from_ms(t.send);
  line.response_first = line.request_last + from_ms(t.wait);
  line.response_last = line.response_first + from_ms(t.receive);
  return line;
}

/// Flags of an earlier recording that the messages do not show by themselves.
http::FlagSet kept_flags(http::FlagSet said) {
  using enum http::Flag;
  http::FlagSet flags;
  for (const auto flag : {request_truncated, response_truncated, client_aborted, upstream_unreachable, upstream_aborted,
                          upstream_timeout, expect_continue, early_response, malformed, redacted, cut_off,
                          read_to_close, answered_by_proxy, pairing_uncertain, overlap_inconsistent}) {
    if (said.has(flag)) flags.set(flag);
  }
  return flags;
}

void set_times(http::Exchange& exchange, const Timeline& line) {
  exchange.request.first = line.request_first;
  exchange.request.last = line.request_last;
  exchange.response.first = exchange.has_response() ? line.response_first : line.request_last;
  exchange.response.last = exchange.has_response() ? line.response_last : line.request_last;
}

class HarReader final : public ForeignReader {
 public:
  HarReader(std::unique_ptr<ByteStream> from, std::size_t largest, SharedNumbers numbers)
      : x_elements(std::move(from), largest), x_connections(std::move(numbers)) {}

  Result<std::optional<http::Exchange>> next() override {
    for (;;) {
      const auto text = x_elements.next();
      count_too_large();
      if (!text) {
        if (x_elements.cut_element()) x_skips.damage("cut_off");
        return text.error();
      }
      if (!*text) return std::optional<http::Exchange>();
      if (auto exchange = read(**text)) return exchange;
    }
  }

  const Skipped& skipped() const override { return x_skips.skipped(); }
  bool damaged() const override { return x_skips.damaged(); }

 private:
  void count_too_large() {
    for (; x_too_large < x_elements.too_large(); ++x_too_large) x_skips.leave_out("entry_too_large");
  }

  std::nullopt_t damaged_entry(std::string_view reason) {
    x_skips.damage(reason);
    return std::nullopt;
  }
  std::nullopt_t leave_out(std::string_view reason) {
    x_skips.leave_out(reason);
    return std::nullopt;
  }

  std::optional<http::Exchange> read(std::string_view text) {
    const auto entry = x_parser.parse(text);
    if (!entry) return damaged_entry("damaged_entry");
    const HarUrl url = parse_har_url(entry->request.url, entry->request.method);
    if (url.problem == "not_http") return leave_out(url.problem);
    if (!url.problem.empty()) return damaged_entry(url.problem);
    http::Exchange exchange;
    if (!rebuild_request(entry->request, url, exchange, x_skips)) return damaged_entry("bad_method");
    rebuild_response(*entry, exchange, x_skips);
    if (std::max(exchange.request.head.size(), exchange.response.head.size()) > kMaxImportedHead)
      return leave_out("head_limit");
    if (entry->own) exchange.flags = exchange.flags | kept_flags(entry->own->flags);
    exchange.flags.set(http::Flag::imported);
    const Time started = entry->started.value_or(x_undated);
    x_undated = started + kBetweenUndated;
    const Timeline line = timeline_of(*entry, started);
    set_times(exchange, line);
    auto [connection, sequence] = x_connections.place(*entry, url, line.request_first, exchange.response.last);
    exchange.connection = std::move(connection);
    exchange.sequence = sequence;
    return exchange;
  }

  HarElements x_elements;
  HarEntryParser x_parser;
  HarConnections x_connections;
  Time x_undated{};
  SkipAccount x_skips;
  std::uint64_t x_too_large = 0;  // counted so far
};

}  // namespace

Result<std::unique_ptr<ForeignReader>> read_har(std::unique_ptr<ByteStream> from, std::size_t largest_entry,
                                                SharedNumbers numbers) {
  return std::unique_ptr<ForeignReader>(
      std::make_unique<HarReader>(std::move(from), largest_entry, std::move(numbers)));
}

}  // namespace tapedeck::format
