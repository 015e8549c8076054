#include "format/foreign/warc_exchange.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "format/foreign/foreign_connections.hpp"
#include "http/url.hpp"

namespace tapedeck::format {
namespace {

using http::Flag;
using http::Reason;

constexpr std::size_t kNone = std::string_view::npos;

bool is_web(std::string_view uri) {
  const std::string_view scheme = uri.substr(0, uri.find("://"));
  return http::equals_ignoring_case(scheme, "http") || http::equals_ignoring_case(scheme, "https");
}

std::string_view authority_without_user(std::string_view uri) {
  std::string_view authority = http::authority_of(uri);
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0: no user
  return authority;
}

std::string content_encoding_of(std::string_view head) {
  return std::string(http::find_field(head, "content-encoding").value_or(""));
}

std::optional<RawMessage> read_message(const WarcMessage& record, http::Side side, const http::RequestFacts& answers,
                                       SkipAccount& account) {
  RawMessageReader reader(side, answers);
  const auto whole = record.block.cut_off || record.block.unseen > 0 ? RawMessageReader::Record::cut_off
                                                                     : RawMessageReader::Record::whole;
  if (reader.read_heads(record.block.bytes, whole) != RawMessageReader::Start::head) {
    account.damage(whole == RawMessageReader::Record::cut_off ? "cut_off" : "not_http");
    return std::nullopt;
  }
  const std::string_view rest = std::string_view(record.block.bytes).substr(reader.body_begin());
  const bool is_body_left_out = record.is_revisit() && rest.find_first_not_of("\r\n") == kNone;
  const bool had_body = reader.framing() != http::Framing::none;
  RawMessage message = reader.finish(rest);
  const bool unseen_excess = reader.count_unseen(message, record.block.unseen) > 0;
  if (is_body_left_out && had_body) {
    message.message.body = {};
    message.message.body.state = http::BodyState::omitted;
    message.message.body.omitted_because = http::OmittedBecause::not_in_import;
    if (reader.framing() == http::Framing::length) message.message.body.wire_length = reader.content_length();
    message.flags.clear(Flag::response_truncated);
    message.flags.clear(Flag::read_to_close);
  }
  const std::string_view excess = rest.substr(rest.size() - message.excess);
  if (unseen_excess || excess.find_first_not_of("\r\n") != kNone) account.damage("excess_bytes");
  // A body without a length of its own ends with its block: only the record says that it was cut.
  const bool cut = record.block.cut_off || !record.head.truncated.empty();
  if (cut && message.flags.has(Flag::read_to_close)) message.flags.set(Flag::response_truncated);
  return message;
}

/// A revisit has the body of an earlier record, if that is known and fits this head.
void fill_revisit(RawMessage& message, const WarcHead& head, const WarcPayloads& payloads) {
  http::Body& body = message.message.body;
  if (body.state != http::BodyState::omitted) return;
  const WarcPayloads::Payload* payload = payloads.find(head.refers_to, head.payload_digest);
  const bool fits = payload != nullptr && payload->content_encoding == content_encoding_of(message.message.head) &&
                    (!body.wire_length || *body.wire_length == payload->body.size());
  if (!fits) {
    message.flags.set(Flag::response_omitted);
    return;
  }
  body = {};
  if (payload->body.empty()) return;
  body.state = http::BodyState::kept;
  body.bytes = payload->body;
}

/// Dates are often whole seconds: then the only time there is is that of the request.
void set_times(http::Exchange& exchange, const WarcMessage* request, const WarcMessage* response) {
  const auto date_of = [](const WarcMessage* record) { return record == nullptr ? std::nullopt : record->head.date; };
  const auto asked = date_of(request);
  const auto answered = date_of(response);
  const Time first = asked ? *asked : answered.value_or(Time{});
  Time last = first;
  if (asked && answered && *answered > *asked && !response->head.whole_seconds && !request->head.whole_seconds) {
    last = *answered;
  }
  exchange.request.first = exchange.request.last = first;
  exchange.response.first = exchange.response.last = exchange.status == 0 ? first : last;
}

void set_reason(http::Exchange& exchange) {
  exchange.reason = truncation_reason(exchange);
  if (exchange.status == 0) {
    exchange.reason = Reason::one_sided;
  } else if (exchange.reason != Reason::none) {
    return;
  } else if (!exchange.has_request()) {
    exchange.reason = Reason::one_sided;
  } else if (exchange.flags.has(Flag::response_omitted)) {
    exchange.reason = Reason::import_skipped;
  }
}

void remember(const RawMessage& message, const WarcHead& head, WarcPayloads& payloads) {
  if (message.flags.has(Flag::response_truncated)) return;
  payloads.add(head.id, head.payload_digest, {message.message.body.bytes, content_encoding_of(message.message.head)});
}

}  // namespace

std::string rebuilt_get(std::string_view uri) {
  if (!is_web(uri)) return {};
  uri = uri.substr(0, uri.find('#'));
  const std::string_view authority = authority_without_user(uri);
  if (authority.empty()) return {};
  const http::TargetParts parts = http::split_target(uri);
  std::string target = parts.path.empty() ? "/" : percent_encoded(parts.path);
  if (uri.find('?') != kNone) target += "?" + percent_encoded(parts.query);
  return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", target, percent_encoded(authority));
}

http::Connection warc_connection(const WarcHead& head) {
  const bool tls = http::equals_ignoring_case(head.target.substr(0, 8), "https://");
  return connection_of({head.address, authority_without_user(head.target), tls});
}

std::optional<http::Exchange> warc_exchange(const WarcMessage* request, const WarcMessage* response,
                                            WarcPayloads& payloads, SkipAccount& account) {
  std::optional<RawMessage> asked;
  std::optional<RawMessage> answered;
  if (request != nullptr) asked = read_message(*request, http::Side::request, {}, account);
  const http::RequestFacts facts = asked ? asked->facts : http::RequestFacts{};
  if (response != nullptr) answered = read_message(*response, http::Side::response, facts, account);
  if (!asked && !answered) return std::nullopt;
  for (const WarcMessage* record : {request, response}) {
    if (record != nullptr && record->block.digest_differs) account.damage("bad_block_digest");
    if (record != nullptr && !record->head.date) account.damage("bad_date");
  }
  if (answered && response->is_revisit()) fill_revisit(*answered, response->head, payloads);
  if (answered && !response->is_revisit()) remember(*answered, response->head, payloads);
  std::string get = asked ? std::string() : rebuilt_get(response->head.target);
  if (!get.empty()) {
    RawMessageReader reader(http::Side::request);
    if (reader.read_heads(get, RawMessageReader::Record::whole) == RawMessageReader::Start::head) {
      asked = reader.finish({});
      asked->flags.set(Flag::head_rebuilt);
    }
  }
  http::Exchange exchange = exchange_of(asked ? &*asked : nullptr, answered ? &*answered : nullptr);
  set_times(exchange, request, response);
  set_reason(exchange);
  return exchange;
}

}  // namespace tapedeck::format
