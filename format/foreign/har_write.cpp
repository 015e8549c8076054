#include "format/foreign/har_write.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "format/foreign/head_lines.hpp"
#include "format/foreign/utc_text.hpp"
#include "http/chars.hpp"
#include "http/content_coding.hpp"
#include "http/head.hpp"
#include "http/url.hpp"

namespace tapedeck::format {
namespace {

using Lines = std::vector<HeadLine>;

/// Bytes beyond UTF-8 as Latin-1, as browsers show header values.
void latin_field(JsonWriter& json, std::string_view name, std::string_view bytes) {
  if (is_utf8(bytes)) return json.field(name, bytes);
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      (text += static_cast<char>(0xC0 | byte >> 6)) += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  json.field(name, std::string_view(text));
}

void write_pair(JsonWriter& json, std::string_view name, std::string_view value) {
  json.begin_object();
  latin_field(json, "name", name);
  latin_field(json, "value", value);
  json.end_object();
}

/// `name=value` items between separators.
void write_pairs(JsonWriter& json, std::string_view list, char separator) {
  while (!list.empty()) {
    const auto end = list.find(separator);
    const std::string_view item = http::trim(list.substr(0, end));
    list.remove_prefix(end == list.npos ? list.size() : end + 1);
    if (item.empty()) continue;
    const auto equals = item.find('=');
    write_pair(json, item.substr(0, equals), equals == item.npos ? std::string_view{} : item.substr(equals + 1));
  }
}

/// `of_cookie` is the header's name; a response's attributes behind the semicolon stay in its header.
void write_cookies(JsonWriter& json, const Lines& lines, std::string_view of_cookie) {
  json.key("cookies");
  json.begin_array();
  for (const auto& [name, value] : lines) {
    if (!http::equals_ignoring_case(name, of_cookie)) continue;
    const std::string_view text = value;
    write_pairs(json, of_cookie == "cookie" ? text : text.substr(0, text.find(';')), ';');
  }
  json.end_array();
}

void write_headers(JsonWriter& json, const Lines& lines) {
  json.key("headers");
  json.begin_array();
  for (const auto& [name, value] : lines) write_pair(json, name, value);
  json.end_array();
}

std::string_view value_of(const Lines& lines, std::string_view wanted) {
  for (const auto& [name, value] : lines) {
    if (http::equals_ignoring_case(name, wanted)) return value;
  }
  return {};
}

std::string_view version_text(const http::Exchange& exchange) {
  const std::string_view alpn = exchange.connection ? std::string_view(exchange.connection->alpn) : std::string_view{};
  if (exchange.version == http::Version::http_2 || alpn == "h2") return "HTTP/2";
  if (exchange.version == http::Version::http_3 || alpn == "h3") return "HTTP/3";
  return exchange.version == http::Version::http_1_0 ? "HTTP/1.0" : "HTTP/1.1";
}

/// -1 is "not known" in this format.
std::int64_t wire_size(const http::Body& body) {
  if (body.wire_length) return static_cast<std::int64_t>(*body.wire_length);
  return body.state == http::BodyState::omitted ? -1 : static_cast<std::int64_t>(body.bytes.size());
}

void write_text(JsonWriter& json, std::string_view bytes) {
  if (is_utf8(bytes)) return json.field("text", bytes);
  json.field("text", std::string_view(base64(bytes)));
  json.field("encoding", std::string_view("base64"));
}

void write_request(JsonWriter& json, const http::Exchange& exchange) {
  const RequestFacts facts = request_facts(exchange);
  const Lines lines = head_lines(exchange.request.head);
  const http::Body& body = exchange.request.body;
  json.key("request");
  json.begin_object();
  latin_field(json, "method", facts.method);
  json.field("url", std::string_view(url_of(facts)));
  json.field("httpVersion", version_text(exchange));
  write_cookies(json, lines, "cookie");
  write_headers(json, lines);
  json.key("queryString");
  json.begin_array();
  write_pairs(json, http::split_target(facts.target).query, '&');
  json.end_array();
  if (!body.bytes.empty()) {
    json.key("postData");
    json.begin_object();
    latin_field(json, "mimeType", value_of(lines, "content-type"));
    write_text(json, body.bytes);
    json.end_object();
  }
  json.field("headersSize", exchange.request.head.size());
  json.field("bodySize", wire_size(body));
  json.end_object();
}

struct Content {
  std::optional<std::string> decoded;
  std::string_view kept;  // else
  bool still_coded = false;
  std::string_view bytes() const { return decoded ? std::string_view(*decoded) : kept; }
};

/// Without its content coding. One that cannot be undone stays on the bytes, unless they are a beginning anyway.
Content content_of(const http::Exchange& exchange, std::string_view coding) {
  const http::Body& body = exchange.response.body;
  if (coding.empty() || body.bytes.empty()) return {std::nullopt, body.bytes, false};
  http::Decoded decoded = http::decode_content(coding, as_bytes(body.bytes));
  const bool cut = decoded.failure == http::DecodeFailure::corrupt &&
                   exchange.flags.has(http::Flag::response_truncated) && !decoded.bytes.empty();
  if (decoded.failure == http::DecodeFailure::none || cut) return {std::move(decoded.bytes), {}, false};
  return {std::nullopt, body.bytes, true};
}

void write_content(JsonWriter& json, const http::Body& body, const Content& content, std::string_view mime_type) {
  const bool omitted = body.state == http::BodyState::omitted;
  json.key("content");
  json.begin_object();
  json.field("size", omitted ? wire_size(body) : static_cast<std::int64_t>(content.bytes().size()));
  latin_field(json, "mimeType", mime_type.empty() ? std::string_view("x-unknown") : mime_type);
  if (omitted) {
    json.field("comment", std::string_view("The body was not recorded."));
  } else {
    write_text(json, content.bytes());
  }
  json.end_object();
}

std::string_view reason_phrase(std::string_view head) {
  std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  if (!line.starts_with("HTTP/")) return {};
  for (int word = 0; word < 2; ++word) {
    const auto space = line.find(' ');
    if (space == line.npos) return {};
    line.remove_prefix(space + 1);
  }
  return line;
}

void write_answer(JsonWriter& json, const http::Exchange& exchange, const Content& content) {
  const Lines lines = head_lines(exchange.response.head);
  json.field("status", exchange.status);
  latin_field(json, "statusText", reason_phrase(exchange.response.head));
  json.field("httpVersion", version_text(exchange));
  write_cookies(json, lines, "set-cookie");
  write_headers(json, lines);
  write_content(json, exchange.response.body, content, value_of(lines, "content-type"));
  latin_field(json, "redirectURL", value_of(lines, "location"));
  json.field("headersSize", exchange.response.head.size());
  json.field("bodySize", wire_size(exchange.response.body));
}

/// How browsers write a request that nothing came back for.
void write_no_answer(JsonWriter& json, const http::Exchange& exchange) {
  json.field("status", 0);
  json.field("statusText", "");
  json.field("httpVersion", "");
  write_cookies(json, {}, "set-cookie");
  write_headers(json, {});
  write_content(json, {}, {}, {});
  json.field("redirectURL", "");
  json.field("headersSize", -1);
  json.field("bodySize", -1);
  const bool known = exchange.reason != http::Reason::none;
  json.field("_error", known ? http::name_of(exchange.reason) : std::string_view("no response"));
}

double ms_between(Time from, Time to) {
  const auto ns = std::max<std::int64_t>(0, (to - from).count());  // an early response makes it negative
  return static_cast<double>(ns) / 1e6;
}

void write_timings(JsonWriter& json, const http::Exchange& exchange) {
  const double send = ms_between(exchange.request.first, exchange.request.last);
  const double wait = ms_between(exchange.request.last, exchange.response.first);
  const double receive = ms_between(exchange.response.first, exchange.response.last);
  json.field("time", send + wait + receive);
  json.key("cache");
  json.begin_object();
  json.end_object();
  json.key("timings");
  json.begin_object();
  json.field("send", send);
  json.field("wait", wait);
  json.field("receive", receive);
  json.end_object();
}

void write_connection(JsonWriter& json, const http::Exchange& exchange) {
  if (!exchange.connection) return;
  json.field("connection", std::string_view(std::to_string(exchange.connection->number)));
  const http::SocketAddress& server = exchange.connection->server;
  if (server.size == 0) return;
  std::string ip = http::to_string(server);
  ip.resize(ip.rfind(':'));
  json.field("serverIPAddress", std::string_view(ip));
}

void write_own_facts(JsonWriter& json, const http::Exchange& exchange, const Content& content) {
  json.key("_tapedeck");
  json.begin_object();
  json.field("id", std::string_view(http::to_string(exchange.id)));
  json.key("times");
  json.begin_array();
  for (const Time time :
       {exchange.request.first, exchange.request.last, exchange.response.first, exchange.response.last})
    json.value(to_ns(time));
  json.end_array();
  json.key("flags");
  json.begin_array();
  for (std::uint8_t bit = 0; bit < http::kFlagCount; ++bit) {
    if (const auto flag = static_cast<http::Flag>(bit); exchange.flags.has(flag)) json.value(http::name_of(flag));
  }
  json.end_array();
  json.key("coded");
  json.begin_array();
  const bool request_coded = http::find_field(exchange.request.head, "content-encoding").has_value();
  if (request_coded && !exchange.request.body.bytes.empty()) json.value("request");
  if (content.still_coded) json.value("response");
  json.end_array();
  json.end_object();
}

}  // namespace

void write_har_entry(JsonWriter& json, const http::Exchange& exchange) {
  const std::string_view coding = http::find_field(exchange.response.head, "content-encoding").value_or("");
  const Content content = content_of(exchange, coding);
  json.begin_object();
  json.field("startedDateTime", std::string_view(utc_text(exchange.request.first, SecondDigits::six)));
  write_request(json, exchange);
  json.key("response");
  json.begin_object();
  if (exchange.has_response()) {
    write_answer(json, exchange, content);
  } else {
    write_no_answer(json, exchange);
  }
  json.end_object();
  write_timings(json, exchange);
  write_connection(json, exchange);
  write_own_facts(json, exchange, content);
  json.end_object();
}

}  // namespace tapedeck::format
