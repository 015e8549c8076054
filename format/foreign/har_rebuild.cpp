#include "format/foreign/har_rebuild.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "format/foreign/base64.hpp"
#include "format/foreign/har_fields.hpp"
#include "format/foreign/har_params.hpp"
#include "format/foreign/head_lines.hpp"
#include "http/chars.hpp"
#include "http/head.hpp"

namespace tapedeck::format {
namespace {

using http::equals_ignoring_case;

http::Body body_of(std::string bytes) {
  http::Body body;
  if (bytes.empty()) return body;
  body.state = http::BodyState::kept;
  body.bytes = std::move(bytes);
  return body;
}

http::Body omitted(http::OmittedBecause because, std::optional<std::uint64_t> wire_length) {
  http::Body body;
  body.state = http::BodyState::omitted;
  body.omitted_because = because;
  body.wire_length = wire_length;
  return body;
}

/// The bytes of a text, or nothing if they cannot be had.
std::optional<std::string> decoded(const HarContent& content, SkipAccount& skips) {
  if (content.encoding.empty()) return std::string(*content.text);
  auto bytes = equals_ignoring_case(content.encoding, "base64") ? decode_base64(*content.text) : std::nullopt;
  if (!bytes) skips.damage("body_undecodable");
  return bytes;
}

std::optional<std::uint64_t> positive(std::optional<std::uint64_t> n) { return n && *n > 0 ? n : std::nullopt; }

bool is_multipart(std::string_view mime_type) { return to_lower(mime_type).starts_with("multipart/"); }

http::Body request_body(const HarRequest& request, const HarFields& fields, SkipAccount& skips) {
  const auto on_wire = positive(request.body_size);
  if (request.content) {
    const HarContent& content = *request.content;
    if (content.text && !content.text->empty()) {
      auto bytes = decoded(content, skips);
      return bytes ? body_of(std::move(*bytes)) : omitted(http::OmittedBecause::damaged, on_wire);
    }
    if (!content.params.empty()) {
      if (is_multipart(content.mime_type)) return omitted(http::OmittedBecause::not_in_import, on_wire);
      return body_of(urlencoded(content.params));
    }
  }
  if (on_wire || request.was_omitted) return omitted(http::OmittedBecause::not_in_import, on_wire);
  const auto length = fields.find("content-length");
  const bool had_one = length && length->find_first_not_of('0') != length->npos;
  if (had_one && !request.body_size) return omitted(http::OmittedBecause::not_in_import, std::nullopt);
  return {};
}

http::Body response_body(const HarResponse& response, const HarFields& fields, SkipAccount& skips) {
  const auto on_wire = positive(response.body_size);
  const HarContent content = response.content.value_or(HarContent{});
  const bool has_text = content.text && (!content.text->empty() || !positive(content.size));
  if (has_text) {
    auto bytes = decoded(content, skips);
    return bytes ? body_of(std::move(*bytes)) : omitted(http::OmittedBecause::damaged, on_wire);
  }
  const bool coded = fields.find("content-encoding").has_value();
  const bool known_empty = content.size == 0u || (!content.size && response.body_size == 0u) ||
                           fields.find("content-length") == std::string_view("0");
  if (known_empty && !response.was_omitted) return {};
  return omitted(http::OmittedBecause::not_in_import, on_wire || coded ? on_wire : content.size);
}

/// Whether the bytes are still in the content coding that was put on last.
bool starts_coded(std::string_view bytes, std::string_view codings) {
  std::string_view last;
  http::for_each_item(codings, [&last](std::string_view item) { last = item; });
  if (equals_ignoring_case(last, "gzip") || equals_ignoring_case(last, "x-gzip")) return bytes.starts_with("\x1F\x8B");
  if (equals_ignoring_case(last, "deflate")) return bytes.starts_with('\x78');
  return equals_ignoring_case(last, "zstd") && bytes.starts_with("\x28\xB5\x2F\xFD");
}

/// The fields were true of the message on its way, the body is what came out of it.
void frame(HarFields& fields, const http::Body& body, const HarMessage& message) {
  if (body.state == http::BodyState::omitted) return;
  fields.drop("transfer-encoding");
  if (const auto codings = fields.find("content-encoding")) {
    const bool coded = message.body_size == body.bytes.size() && starts_coded(body.bytes, *codings);
    if (!coded && !message.still_coded) fields.drop("content-encoding");
  }
  fields.set("Content-Length", std::to_string(body.bytes.size()));
}

std::string_view line_version(std::string_view version) {
  return equals_ignoring_case(version, "http/1.0") ? "HTTP/1.0" : "HTTP/1.1";
}

bool carries_no_body(std::string_view method, std::uint16_t status) {
  return method == "HEAD" || status < 200 || status == 204 || status == 304 || (method == "CONNECT" && status < 300);
}

void take_body(http::Message& message, http::Body body, http::Flag omitted_flag, http::FlagSet& flags) {
  message.body = std::move(body);
  if (message.body.state == http::BodyState::omitted) flags.set(omitted_flag);
}

}  // namespace

bool rebuild_request(const HarRequest& request, const HarUrl& url, http::Exchange& exchange, SkipAccount& skips) {
  if (!is_token(request.method)) return false;
  HarFields fields(request.fields, skips);
  take_body(exchange.request, request_body(request, fields, skips), http::Flag::request_omitted, exchange.flags);
  const http::Body& body = exchange.request.body;
  if (body.state == http::BodyState::kept) {
    const std::string_view type = request.content->mime_type;
    if (!type.empty() && !fields.find("content-type"))
      fields.set("Content-Type", std::string(type.substr(0, http::find_control(type, 0))));
    frame(fields, body, request);
  } else if (body.state == http::BodyState::none) {
    fields.drop("transfer-encoding");
    if (fields.find("content-length")) fields.set("Content-Length", "0");
  }
  if (!fields.find("host") && !url.authority.empty()) fields.put_first("Host", url.authority);
  exchange.version = line_version(request.version) == "HTTP/1.0" ? http::Version::http_1_0 : http::Version::http_1_1;
  exchange.request.head =
      fmt::format("{} {} {}\r\n{}\r\n", request.method, url.target, line_version(request.version), fields.lines());
  exchange.flags.set(http::Flag::head_rebuilt);
  return true;
}

void rebuild_response(const HarEntry& entry, http::Exchange& exchange, SkipAccount& skips) {
  if (!entry.response || entry.response->status == 0) {
    exchange.flags.set(http::Flag::response_missing);
    exchange.reason = entry.response ? http::Reason::aborted : http::Reason::one_sided;
    return;
  }
  const HarResponse& response = *entry.response;
  HarFields fields(response.fields, skips);
  if (carries_no_body(entry.request.method, response.status)) {
    const bool has_text = response.content && response.content->text && !response.content->text->empty();
    if (has_text) skips.leave_out("body_not_sent");  // what a cache had, shown with a 304
  } else {
    take_body(exchange.response, response_body(response, fields, skips), http::Flag::response_omitted, exchange.flags);
    frame(fields, exchange.response.body, response);
  }
  exchange.status = response.status;
  if (response.status == 101) exchange.flags.set(http::Flag::upgraded);
  const bool clean = http::find_control(response.reason, 0) == response.reason.size();
  exchange.response.head = fmt::format("{} {} {}\r\n{}\r\n", line_version(response.version), response.status,
                                       clean ? response.reason : std::string_view{}, fields.lines());
}

}  // namespace tapedeck::format
