#include "tools/demo_shop.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <simdjson.h>

#include "base/json_writer.hpp"
#include "base/whole_number.hpp"
#include "http/content_coding.hpp"
#include "http/url.hpp"

namespace tapedeck::tools {
namespace {

constexpr std::uint64_t kProducts = 60;
constexpr std::uint64_t kPageSize = 10;
constexpr std::uint64_t kOrders = 1000;
constexpr std::uint64_t kMostPieces = 99;
constexpr std::array<std::string_view, 6> kLooks{"green", "quiet", "bright", "small", "warm", "folding"};
constexpr std::array<std::string_view, 10> kThings{"kettle", "lamp",   "desk",  "chair",  "clock",
                                                   "mirror", "basket", "shelf", "carpet", "vase"};
constexpr std::array<std::string_view, 5> kTags{"kitchen", "office", "gift", "sale", "handmade"};

std::string name_of(std::uint64_t product) {
  return fmt::format("{} {}", kLooks[product % kLooks.size()], kThings[product / kLooks.size() % kThings.size()]);
}
std::uint64_t cents_of(std::uint64_t product) { return 499 + product * 1733 % 9500; }
double money(std::uint64_t cents) { return static_cast<double>(cents) / 100; }

std::optional<std::uint64_t> number_within(std::string_view text, std::uint64_t low, std::uint64_t high) {
  const auto value = whole_number<std::uint64_t>(text);
  return value && *value >= low && *value <= high ? value : std::nullopt;
}

/// The value of a query's parameter as it stands there, not decoded; nothing if it is absent.
std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    if (item.substr(0, equals) == name && equals != std::string_view::npos) return item.substr(equals + 1);
  }
  return std::nullopt;
}

std::optional<std::string_view> behind(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

ShopAnswer json_answer(int status, JsonWriter& json) {
  ShopAnswer answer;
  answer.status = status;
  answer.fields.emplace_back("Content-Type", "application/json");
  answer.body = json.take();
  return answer;
}

ShopAnswer refusal(int status, std::string_view why) {
  JsonWriter json;
  json.begin_object();
  json.field("error", why);
  json.end_object();
  return json_answer(status, json);
}

ShopAnswer health() {
  JsonWriter json;
  json.begin_object();
  json.field("status", "ok");
  json.end_object();
  return json_answer(200, json);
}

void write_listed(JsonWriter& json, std::uint64_t product) {
  json.begin_object();
  json.field("id", product);
  json.field("name", name_of(product));
  json.field("price", money(cents_of(product)));
  json.end_object();
}

void gzip_if_accepted(ShopAnswer& answer, std::string_view accept_encoding) {
  answer.fields.emplace_back("Vary", "Accept-Encoding");
  if (accept_encoding.find("gzip") == std::string_view::npos) return;
  auto coded = http::encode_content("gzip", as_bytes(answer.body));
  if (!coded) return;  // plain is always acceptable
  answer.body = std::move(*coded);
  answer.fields.emplace_back("Content-Encoding", "gzip");
}

ShopAnswer product_list(const ShopRequest& request, std::string_view query) {
  const auto page = number_within(parameter(query, "page").value_or("1"), 1, kProducts / kPageSize);
  if (!page) return refusal(404, "no such page");
  JsonWriter json;
  json.begin_object();
  json.field("page", *page);
  json.field("pages", kProducts / kPageSize);
  json.key("products");
  json.begin_array();
  for (std::uint64_t i = 1; i <= kPageSize; ++i) write_listed(json, (*page - 1) * kPageSize + i);
  json.end_array();
  json.end_object();
  ShopAnswer answer = json_answer(200, json);
  gzip_if_accepted(answer, request.accept_encoding);
  return answer;
}

ShopAnswer one_product(ShopVersion version, std::string_view id) {
  const auto product = number_within(id, 1, kProducts);
  if (!product) return refusal(404, "no such product");
  JsonWriter json;
  json.begin_object();
  json.field("id", *product);
  json.field("name", name_of(*product));
  json.key("price");
  if (version == ShopVersion::old_shop) {
    json.value(money(cents_of(*product)));
  } else {
    json.value(fmt::format("{:.2f}", money(cents_of(*product))));
  }
  json.field("rating", static_cast<double>(10 + *product * 7 % 41) / 10);
  json.key("tags");
  json.begin_array();
  json.value(kTags[*product % kTags.size()]);
  json.value(kTags[(*product + 2) % kTags.size()]);
  json.end_array();
  json.field("stock", *product * 13 % 50);
  json.end_object();
  return json_answer(200, json);
}

ShopAnswer cart(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::element order;
  std::uint64_t product = 0;
  std::uint64_t quantity = 0;
  const bool good = parser.parse(body.data(), body.size()).get(order) == simdjson::SUCCESS &&
                    order["product"].get(product) == simdjson::SUCCESS &&
                    order["quantity"].get(quantity) == simdjson::SUCCESS;
  if (!good || product < 1 || product > kProducts || quantity < 1 || quantity > kMostPieces)
    return refusal(400, "expected {\"product\": 7, \"quantity\": 2}");
  JsonWriter json;
  json.begin_object();
  json.key("items");
  json.begin_array();
  json.begin_object();
  json.field("product", product);
  json.field("name", name_of(product));
  json.field("quantity", quantity);
  json.end_object();
  json.end_array();
  json.field("total", money(cents_of(product) * quantity));
  json.field("currency", "EUR");
  json.end_object();
  return json_answer(201, json);
}

ShopAnswer one_order(ShopVersion version, std::string_view id) {
  const auto order = number_within(id, 1, kOrders);
  if (!order) return refusal(404, "no such order");
  JsonWriter json;
  json.begin_object();
  json.field("id", *order);
  json.field("state", *order % 3 == 0 ? "shipped" : "paid");
  json.key("lines");
  json.begin_array();
  std::uint64_t total = 0;
  for (std::uint64_t line = 0; line <= *order % 4; ++line) {
    const std::uint64_t product = (*order * 7 + line * 11) % kProducts + 1;
    total += cents_of(product);
    write_listed(json, product);
  }
  json.end_array();
  json.field(version == ShopVersion::old_shop ? "total" : "total_amount", money(total));
  json.end_object();
  ShopAnswer answer = json_answer(200, json);
  answer.chunked = true;
  return answer;
}

ShopAnswer search(ShopVersion version, std::string_view query) {
  const auto word = parameter(query, "q");
  if (!word || word->empty()) return refusal(400, "expected ?q=WORD");
  JsonWriter json;
  json.begin_object();
  json.field("query", *word);
  json.key("results");
  json.begin_array();
  for (std::uint64_t product = 1; product <= kProducts; ++product) {
    if (name_of(product).find(*word) != std::string::npos) write_listed(json, product);
  }
  json.end_array();
  json.end_object();
  ShopAnswer answer = json_answer(200, json);
  if (version == ShopVersion::new_shop) answer.delay = std::chrono::milliseconds(25);
  return answer;
}

ShopAnswer recommendations(std::string_view token) {
  JsonWriter json;
  json.begin_object();
  json.field("request_token", token);
  json.key("products");
  json.begin_array();
  for (const std::uint64_t product : {7u, 21u, 42u}) write_listed(json, product);
  json.end_array();
  json.end_object();
  return json_answer(200, json);
}

ShopAnswer static_text(const ShopRequest& request, std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames{"terms.txt", "shipping.txt", "imprint.txt"};
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) return refusal(404, "no such file");
  const std::string etag = fmt::format("\"{}-1\"", name);
  ShopAnswer answer;
  answer.fields = {{"ETag", etag}, {"Cache-Control", "public, max-age=3600"}};
  if (request.if_none_match == etag) {
    answer.status = 304;
    return answer;
  }
  answer.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
  for (int line = 1; line <= 30; ++line)
    fmt::format_to(std::back_inserter(answer.body), "{}, paragraph {}: nothing here is for sale.\n", name, line);
  return answer;
}

ShopAnswer get(ShopVersion version, const ShopRequest& request, std::string_view token) {
  const auto [path, query] = http::split_target(request.target);
  if (path == "/health") return health();
  if (path == "/products") return product_list(request, query);
  if (path == "/search") return search(version, query);
  if (path == "/recommendations") return recommendations(token);
  if (const auto id = behind(path, "/products/")) return one_product(version, *id);
  if (const auto id = behind(path, "/orders/")) return one_order(version, *id);
  if (const auto name = behind(path, "/static/")) return static_text(request, *name);
  return refusal(404, "no such page");
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 405: return "Method Not Allowed";
    default: return "Not Found";
  }
}

}  // namespace

ShopAnswer shop_answer(ShopVersion version, const ShopRequest& request, std::string_view token) {
  const bool is_cart = http::split_target(request.target).path == "/cart";
  const std::string_view allowed = is_cart ? "POST" : "GET";
  if (request.method == allowed) return is_cart ? cart(request.body) : get(version, request, token);
  ShopAnswer answer = refusal(405, "method not allowed");
  answer.fields.emplace_back("Allow", allowed);
  return answer;
}

std::string to_wire(const ShopAnswer& answer, std::string_view date, AfterAnswer after) {
  constexpr std::size_t kChunk = 100;
  std::string wire;
  const auto out = std::back_inserter(wire);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\nServer: shop\r\n", answer.status, reason_of(answer.status), date);
  for (const auto& [name, value] : answer.fields) fmt::format_to(out, "{}: {}\r\n", name, value);
  if (after == AfterAnswer::close) wire += "Connection: close\r\n";
  if (answer.status == 304) return wire += "\r\n";
  if (!answer.chunked) {
    fmt::format_to(out, "Content-Length: {}\r\n\r\n", answer.body.size());
    return wire += answer.body;
  }
  wire += "Transfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < answer.body.size(); at += kChunk) {
    const std::string_view piece = std::string_view(answer.body).substr(at, kChunk);
    fmt::format_to(out, "{:x}\r\n{}\r\n", piece.size(), piece);
  }
  return wire += "0\r\n\r\n";
}

}  // namespace tapedeck::tools
