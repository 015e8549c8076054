#include "replay/selection.hpp"

#include <algorithm>
#include <array>

#include "base/whole_number.hpp"

namespace tapedeck::replay {
namespace {

std::optional<std::uint64_t> declared_length(std::string_view head) {
  const auto field = http::find_field(head, "content-length");
  return field ? whole_number<std::uint64_t>(*field) : std::nullopt;
}

// The body is not there as it was sent: the target would wait for the rest.
bool is_truncated(const http::Exchange& exchange) {
  using http::Flag;
  const http::Message& request = exchange.request;
  for (const Flag flag : {Flag::request_truncated, Flag::request_omitted, Flag::request_gap}) {
    if (exchange.flags.has(flag)) return true;
  }
  if (request.head.empty() || request.body.state == http::BodyState::omitted) return true;
  const auto declared = declared_length(request.head);
  if (!declared || http::find_field(request.head, "transfer-encoding")) return false;
  return request.body.wire_length.value_or(request.body.bytes.size()) != *declared;
}

}  // namespace

std::string_view name_of(Unselected why) {
  constexpr std::array<std::string_view, 7> kNames{"request_missing", "from",     "to",   "filter",
                                                   "sample",          "duration", "count"};
  return kNames[static_cast<std::size_t>(why)];
}

const http::Connection& connection_of(const http::Exchange& exchange) {
  static const http::Connection kUnknown;
  return exchange.connection ? *exchange.connection : kUnknown;
}

std::optional<Unselected> Selection::leaves_out(const http::Exchange& exchange) {
  if (!exchange.has_request()) return Unselected::request_missing;
  const Time first = exchange.request.first;
  if (x_options->range.from && first < *x_options->range.from) return Unselected::from;
  if (x_options->range.to && first >= *x_options->range.to) return Unselected::to;
  if (!x_options->filter.matches(exchange)) return Unselected::filter;
  if (!x_options->sample.keeps(connection_of(exchange))) return Unselected::sample;
  if (!x_base) x_base = x_options->range.from.value_or(first);
  if (x_options->duration && first - *x_base >= *x_options->duration) return Unselected::duration;
  if (x_options->count > 0 && x_selected == x_options->count) return Unselected::count;
  ++x_selected;
  return std::nullopt;
}

bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

bool is_idempotent(std::string_view method) {
  return is_safe(method) || method == "PUT" || method == "DELETE" || method == "TRACE";
}

std::optional<SkipReason> unsendable(const http::Exchange& exchange, Methods methods) {
  const std::string_view method = http::request_line_of(exchange.request.head).method;
  if (methods == Methods::safe && !is_safe(method)) return SkipReason::method;
  if (exchange.flags.has(http::Flag::upgraded) || method == "CONNECT") return SkipReason::upgrade;
  if (is_truncated(exchange)) return SkipReason::request_truncated;
  return std::nullopt;
}

}  // namespace tapedeck::replay
