#include "tools/demo_shop.hpp"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "http/content_coding.hpp"

using namespace tapedeck;
using namespace tapedeck::tools;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kToken = "TOKEN";

ShopAnswer get(std::string_view target, ShopVersion version = ShopVersion::old_shop) {
  ShopRequest request;
  request.method = "GET";
  request.target = target;
  return shop_answer(version, request, kToken);
}

ShopAnswer post(std::string_view body, ShopVersion version = ShopVersion::old_shop) {
  ShopRequest request;
  request.method = "POST";
  request.target = "/cart";
  request.body = body;
  return shop_answer(version, request, kToken);
}

std::string field(const ShopAnswer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.fields) {
    if (key == name) return value;
  }
  return "";
}

bool same(const ShopAnswer& a, const ShopAnswer& b) {
  return a.status == b.status && a.fields == b.fields && a.body == b.body && a.chunked == b.chunked &&
         a.delay == b.delay;
}

}  // namespace

TEST_CASE("the old shop's answers") {
  CHECK(get("/health").body == R"({"status":"ok"})");
  CHECK(get("/products/7").body ==
        R"({"id":7,"name":"quiet lamp","price":31.3,"rating":1.8,"tags":["gift","handmade"],"stock":41})");
  CHECK(get("/orders/4").body ==
        R"({"id":4,"state":"paid","lines":[{"id":29,"name":"folding clock","price":32.56}],"total":32.56})");
  CHECK(get("/search?q=carpet").body.find(R"("name":"green carpet")") != std::string::npos);
  CHECK(post(R"({"product": 7, "quantity": 2})").body ==
        R"({"items":[{"product":7,"name":"quiet lamp","quantity":2}],"total":62.6,"currency":"EUR"})");
  CHECK(post(R"({"product": 7, "quantity": 2})").status == 201);
}

TEST_CASE("the new shop says the price of a product as a string") {
  CHECK(get("/products/7", ShopVersion::new_shop).body.find(R"("price":"31.30")") != std::string::npos);
}

TEST_CASE("the new shop renames the total of an order") {
  const std::string body = get("/orders/4", ShopVersion::new_shop).body;
  CHECK(body.find(R"("total_amount":32.56)") != std::string::npos);
  CHECK(body.find(R"("total":)") == std::string::npos);
}

TEST_CASE("the new shop searches 25 ms longer") {
  CHECK(get("/search?q=lamp").delay == 0ms);
  CHECK(get("/search?q=lamp", ShopVersion::new_shop).delay == 25ms);
}

TEST_CASE("in all else the shops are equal") {
  for (const char* target :
       {"/health", "/products", "/products?page=6", "/products?page=7", "/products/61", "/orders/0", "/search",
        "/recommendations", "/static/terms.txt", "/static/none", "/none"}) {
    CAPTURE(target);
    CHECK(same(get(target), get(target, ShopVersion::new_shop)));
  }
  for (const char* body : {R"({"product": 7, "quantity": 2})", "{}"}) {
    CHECK(same(post(body), post(body, ShopVersion::new_shop)));
  }
}

TEST_CASE("an answer follows from its request, but for the token of recommendations") {
  CHECK(get("/recommendations").body.find(R"("request_token":"TOKEN")") != std::string::npos);
  for (const char* target :
       {"/health", "/products", "/products/7", "/orders/4", "/search?q=lamp", "/static/terms.txt"}) {
    CHECK(get(target).body.find("TOKEN") == std::string::npos);
  }
}

TEST_CASE("a list comes in gzip when that is accepted, with the same content") {
  ShopRequest request;
  request.method = "GET";
  request.target = "/products?page=2";
  request.accept_encoding = "br, gzip";
  const ShopAnswer coded = shop_answer(ShopVersion::old_shop, request, kToken);
  CHECK(field(coded, "Content-Encoding") == "gzip");
  CHECK(http::decode_content("gzip", as_bytes(coded.body)).bytes == get("/products?page=2").body);
  CHECK(field(get("/products?page=2"), "Content-Encoding") == "");
}

TEST_CASE("what does not exist or is not understood is refused") {
  CHECK(get("/none").status == 404);
  CHECK(get("/products/61").status == 404);
  CHECK(get("/products/7x").status == 404);
  CHECK(get("/products?page=0").status == 404);
  CHECK(get("/orders/99999999999999999999").status == 404);
  CHECK(get("/static/../secret").status == 404);
  CHECK(get("/search").status == 400);
  CHECK(get("/cart").status == 405);
  CHECK(field(get("/cart"), "Allow") == "POST");
  for (const char* body : {"", "{", "[]", "7", R"({"product": 7})", R"({"product": 0, "quantity": 1})",
                           R"({"product": 7, "quantity": -1})", R"({"product": "7", "quantity": 1})"}) {
    CAPTURE(body);
    CHECK(post(body).status == 400);
  }
}

TEST_CASE("who has the text already gets 304 without a body") {
  ShopRequest request;
  request.method = "GET";
  request.target = "/static/terms.txt";
  const ShopAnswer first = shop_answer(ShopVersion::old_shop, request, kToken);
  CHECK(first.status == 200);
  const std::string etag = field(first, "ETag");
  request.if_none_match = etag;
  const ShopAnswer second = shop_answer(ShopVersion::old_shop, request, kToken);
  CHECK(second.status == 304);
  CHECK(to_wire(second, "D", AfterAnswer::keep_alive) ==
        "HTTP/1.1 304 Not Modified\r\nDate: D\r\nServer: shop\r\nETag: \"terms.txt-1\"\r\n"
        "Cache-Control: public, max-age=3600\r\n\r\n");
}

TEST_CASE("an answer on the wire has a length, or chunks") {
  ShopAnswer answer;
  answer.body.assign(100, 'a') += "b";
  CHECK(to_wire(answer, "D", AfterAnswer::close) ==
        "HTTP/1.1 200 OK\r\nDate: D\r\nServer: shop\r\nConnection: close\r\nContent-Length: 101\r\n\r\n" + answer.body);
  answer.chunked = true;
  CHECK(to_wire(answer, "D", AfterAnswer::keep_alive) ==
        "HTTP/1.1 200 OK\r\nDate: D\r\nServer: shop\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" +
            std::string(100, 'a') + "\r\n1\r\nb\r\n0\r\n\r\n");
}
