#include "format/exchange_json.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <openssl/evp.h>

#include "base/text.hpp"
#include "format/chunk_builder.hpp"

namespace tapedeck::format {
namespace {

class Sha256 {
 public:
  Sha256() : x_context(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (EVP_DigestInit_ex(x_context.get(), EVP_sha256(), nullptr) != 1) std::abort();
  }
  void add(std::string_view bytes) {
    if (EVP_DigestUpdate(x_context.get(), bytes.data(), bytes.size()) != 1) std::abort();
  }
  /// Once.
  std::string hex_digest() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_DigestFinal_ex(x_context.get(), digest.data(), &size) != 1) std::abort();
    return hex({reinterpret_cast<const char*>(digest.data()), size});
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> x_context;
};

/// Cuts text between characters, wherever its pieces end.
class TextPieces {
 public:
  /// What was left, and the piece up to its last whole character.
  std::string add(std::string_view piece) {
    std::string whole = std::exchange(x_left, {});
    whole += piece;
    const std::size_t begun = whole.size() - begun_at_end(whole);
    x_left = whole.substr(begun);
    whole.resize(begun);
    return whole;
  }
  /// Of a character that has not come to its end.
  const std::string& left() const { return x_left; }

 private:
  static std::size_t begun_at_end(std::string_view text) {
    for (std::size_t n = 1; n <= std::min<std::size_t>(3, text.size()); ++n) {
      const auto byte = static_cast<unsigned char>(text[text.size() - n]);
      if ((byte & 0xC0) == 0x80) continue;
      const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
      return length > n ? n : 0;
    }
    return 0;
  }

  std::string x_left;
};

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hex_digest();
}

/// Of a body that is still on its tape.
struct LargeBody {
  std::uint64_t length = 0;  // 0: there is none
  std::string sha256;        // in hex
};
using LargeBodies = std::array<LargeBody, 2>;  // by side

/// Where such a body goes: a byte that JSON never holds as it is.
constexpr std::array<std::string_view, 2> kPlaces{"\x01", "\x02"};

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text, bool present) {
  if (present) {
    json.field(name, text);
  } else {
    json.null_field(name);
  }
}

/// Null where nothing was kept, or there is no message.
void write_hash(JsonWriter& json, std::string_view name, const http::Message& message, const LargeBody& large,
                bool present) {
  if (large.length > 0) {
    json.field(name, std::string_view(large.sha256));
  } else if (present && message.body.state != http::BodyState::omitted) {
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

void write_body(JsonWriter& json, const http::Exchange& exchange, http::Side side, const LargeBodies& large,
                bool present) {
  const http::Body& body = message_of(exchange, side).body;
  const std::string_view name = side == http::Side::request ? "request_body" : "response_body";
  if (large[index_of(side)].length == 0) {
    return write_bytes(json, name, body.bytes, present && body.state != http::BodyState::omitted);
  }
  json.key(name);
  json.raw(kPlaces[index_of(side)]);
}

void write_messages(JsonWriter& json, const http::Exchange& exchange, const LargeBodies& large) {
  const bool request = exchange.has_request();
  const bool response = exchange.has_response();
  write_bytes(json, "request_head", exchange.request.head, request);
  write_bytes(json, "response_head", exchange.response.head, response);
  write_bytes(json, "request_trailers", exchange.request.trailers, request);
  write_bytes(json, "response_trailers", exchange.response.trailers, response);
  write_body(json, exchange, http::Side::request, large, request);
  write_body(json, exchange, http::Side::response, large, response);
}

void write_all(JsonWriter& json, const http::Exchange& exchange, JsonDetail detail, const LargeBodies& large) {
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
  json.field("request_body_bytes", std::max<std::uint64_t>(exchange.request.body.bytes.size(), large[0].length));
  json.field("response_body_bytes", std::max<std::uint64_t>(exchange.response.body.bytes.size(), large[1].length));
  write_hash(json, "request_body_sha256", exchange.request, large[0], exchange.has_request());
  write_hash(json, "response_body_sha256", exchange.response, large[1], exchange.has_response());
  write_flags(json, exchange.flags);
  text_or_null(json, "reason", http::name_of(exchange.reason), exchange.reason != http::Reason::none);
  write_words(json, "rules", exchange.rules);
  if (detail == JsonDetail::full) write_messages(json, exchange, large);
  json.end_object();
}

/// What must be known of a body before it can be written.
struct Look {
  std::string sha256;
  bool is_text = true;
};

Result<Look> look_at(const BodyRef& body, const ReadBody& read) {
  Sha256 hash;
  TextPieces text;
  bool is_text = true;
  const auto done = read(body, [&](std::string_view piece) -> Result<void> {
    hash.add(piece);
    is_text = is_text && is_utf8(text.add(piece));
    return {};
  });
  if (!done) return done.error();
  return Look{hash.hex_digest(), is_text && text.left().empty()};
}

Result<void> write_text(const BodyRef& body, const ReadBody& read, const BodyVisitor& to) {
  TextPieces pieces;
  if (auto done = to("\""); !done) return done;
  const auto done = read(body, [&](std::string_view piece) {
    JsonWriter json;
    json.value(std::string_view(pieces.add(piece)));
    return to(std::string_view(json.text()).substr(1, json.text().size() - 2));
  });
  return done ? to("\"") : done;
}

Result<void> write_base64(const BodyRef& body, const ReadBody& read, const BodyVisitor& to) {
  std::string waiting;  // until there are three
  if (auto done = to(R"({"base64":")"); !done) return done;
  const auto done = read(body, [&](std::string_view piece) {
    waiting += piece;
    const std::size_t whole = waiting.size() - waiting.size() % 3;
    const std::string coded = base64(std::string_view(waiting).substr(0, whole));
    waiting.erase(0, whole);
    return to(coded);
  });
  if (!done) return done;
  if (auto rest = to(base64(waiting)); !rest) return rest;
  return to("\"}");
}

}  // namespace

void write_exchange(JsonWriter& json, const http::Exchange& exchange, JsonDetail detail) {
  write_all(json, exchange, detail, {});
}

Result<void> write_stored(const StoredExchange& stored, JsonDetail detail, const ReadBody& read,
                          const BodyVisitor& to) {
  LargeBodies large;
  std::array<bool, 2> is_text{};
  for (const http::Side side : http::kSides) {
    const BodyRef& body = stored.left_of(side);
    if (!body) continue;
    auto look = look_at(body, read);
    if (!look) return look.error();
    large[index_of(side)] = {body.length, std::move(look->sha256)};
    is_text[index_of(side)] = look->is_text;
  }
  JsonWriter json;
  write_all(json, stored.exchange, detail, large);
  std::string_view rest = json.text();
  for (const http::Side side : http::kSides) {
    const std::size_t place = rest.find(kPlaces[index_of(side)]);
    if (place == rest.npos) continue;
    if (auto done = to(rest.substr(0, place)); !done) return done;
    rest.remove_prefix(place + 1);
    const auto write = is_text[index_of(side)] ? write_text : write_base64;
    if (auto done = write(stored.left_of(side), read, to); !done) return done;
  }
  return to(rest);
}

}  // namespace tapedeck::format
