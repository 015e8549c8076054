#include "format/exchange_json.hpp"

#include <array>

#include <openssl/evp.h>

#include "base/text.hpp"
#include "format/chunk_builder.hpp"

namespace tapedeck::format {
namespace {

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) std::abort();
  return hex({reinterpret_cast<const char*>(digest.data()), size});
}

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text, bool present) {
  if (present) {
    json.field(name, text);
  } else {
    json.null_field(name);
  }
}

/// Null where nothing was kept, or there is no message.
void write_hash(JsonWriter& json, std::string_view name, const http::Message& message, bool present) {
  if (present && message.body.state != http::BodyState::omitted) {
    json.field(name, std::string_view(sha256_hex(message.body.bytes)));
  } else {
    json.null_field(name);
  }
}

void write_bytes(JsonWriter& json, std::string_view name, std::string_view bytes, bool present) {
  json.key(name);
  if (present) {
    json.bytes(bytes);
  } else {
    json.null();
  }
}

void write_words(JsonWriter& json, std::string_view name, std::string_view words) {
  json.key(name);
  json.begin_array();
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end > 0) json.value(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  json.end_array();
}

void write_flags(JsonWriter& json, http::FlagSet flags) {
  json.key("flags");
  json.begin_array();
  for (std::uint8_t bit = 0; bit < http::kFlagCount; ++bit) {
    if (const auto flag = static_cast<http::Flag>(bit); flags.has(flag)) json.value(http::name_of(flag));
  }
  json.end_array();
}

void write_connection(JsonWriter& json, const http::Exchange& exchange) {
  if (exchange.connection) {
    json.field("connection", exchange.connection->number);
  } else {
    json.null_field("connection");
  }
  json.field("sequence", exchange.sequence);
}

void write_addresses(JsonWriter& json, const http::Exchange& exchange) {
  const auto address = [&](std::string_view name, http::SocketAddress http::Connection::*member) {
    const std::string text = exchange.connection ? http::to_string(exchange.connection.get()->*member) : std::string();
    text_or_null(json, name, text, !text.empty());
  };
  address("client", &http::Connection::client);
  address("server", &http::Connection::server);
}

void write_request(JsonWriter& json, const http::Exchange& exchange) {
  const bool has = exchange.has_request();
  const http::RequestLine line = http::request_line_of(exchange.request.head);
  json.field("version", http::name_of(exchange.version));
  text_or_null(json, "method", line.method, has);
  text_or_null(json, "target", line.target, has);
  text_or_null(json, "host", http::host_of(exchange.request.head), has);
}

void write_messages(JsonWriter& json, const http::Exchange& exchange) {
  const bool request = exchange.has_request();
  const bool response = exchange.has_response();
  const auto kept = [](const http::Message& message) { return message.body.state != http::BodyState::omitted; };
  write_bytes(json, "request_head", exchange.request.head, request);
  write_bytes(json, "response_head", exchange.response.head, response);
  write_bytes(json, "request_trailers", exchange.request.trailers, request);
  write_bytes(json, "response_trailers", exchange.response.trailers, response);
  write_bytes(json, "request_body", exchange.request.body.bytes, request && kept(exchange.request));
  write_bytes(json, "response_body", exchange.response.body.bytes, response && kept(exchange.response));
}

}  // namespace

void write_exchange(JsonWriter& json, const http::Exchange& exchange, JsonDetail detail) {
  json.begin_object();
  json.field("id", std::string_view(http::to_string(exchange.id)));
  write_connection(json, exchange);
  json.field("start_ns", to_ns(sort_time(exchange)));
  if (exchange.has_response()) {
    json.field("duration_ns", (exchange.response.last - sort_time(exchange)).count());
  } else {
    json.null_field("duration_ns");
  }
  write_addresses(json, exchange);
  write_request(json, exchange);
  if (exchange.has_response()) {
    json.field("status", exchange.status);
  } else {
    json.null_field("status");
  }
  json.field("request_body_bytes", exchange.request.body.bytes.size());
  json.field("response_body_bytes", exchange.response.body.bytes.size());
  write_hash(json, "request_body_sha256", exchange.request, exchange.has_request());
  write_hash(json, "response_body_sha256", exchange.response, exchange.has_response());
  write_flags(json, exchange.flags);
  text_or_null(json, "reason", http::name_of(exchange.reason), exchange.reason != http::Reason::none);
  write_words(json, "rules", exchange.rules);
  if (detail == JsonDetail::full) write_messages(json, exchange);
  json.end_object();
}

}  // namespace tapedeck::format
