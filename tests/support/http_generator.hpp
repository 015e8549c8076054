#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "http/exchange.hpp"

namespace tapedeck::test {

/// Makes HTTP messages, most of them right, some remarkable, some wrong. The same seed gives the same messages.
class HttpGenerator {
 public:
  explicit HttpGenerator(std::uint32_t seed) : x_random(seed) {}

  std::string message(http::Side side) { return side == http::Side::request ? request() : response(); }

  std::string request() {
    std::string out = one_in(20) ? "\r\n" : "";
    out += pick({"GET", "POST", "PUT", "HEAD", "OPTIONS", "PURGE", "patch"});
    out += ' ';
    out += pick({"/", "/a/b?c=d", "/%2e/..//;p", "http://shop.test/x", "http://h:8?q", "*", "/odd|\x80", "/a#b"});
    out += pick({" HTTP/1.1", " HTTP/1.1", " HTTP/1.1", " HTTP/1.1", " HTTP/1.0", " HTTP/1.4", " HTTP/2.0"});
    out += "\r\n";
    if (!one_in(12)) out += pick({"Host: shop.test\r\n", "host:[::1]:80 \r\n", "Host: a,b\r\n"}, 8);
    return out + fields_and_body();
  }

  std::string response() {
    std::string out(
        pick({"HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found", "HTTP/1.0 200 Fine", "HTTP/1.1 204 ",
              "HTTP/1.1 304 x", "HTTP/1.1 103 Early", "HTTP/1.1 200", "HTTP/1.1 799 ?", "HTTP/1.1 101 S"}));
    out += "\r\n";
    return out + fields_and_body();
  }

  /// Changes, removes or inserts a few bytes.
  std::string damaged(std::string text) {
    for (auto count = 1 + below(3); count > 0 && !text.empty(); --count) {
      static constexpr std::string_view nasty("\0\r\n\t :,;\x7f\x80\"0a-", 15);
      const auto at = below(text.size());
      const char c = nasty[below(nasty.size())];
      switch (below(3)) {
        case 0: text[at] = c; break;
        case 1: text.insert(at, 1, c); break;
        default: text.erase(at, 1 + below(3));
      }
    }
    return text;
  }

  bool one_in(std::size_t n) { return below(n) == 0; }
  std::size_t below(std::size_t n) { return x_random() % n; }

 private:
  using View = std::string_view;
  /// One of the texts; the first one `weight` times as often as each other.
  template <std::size_t N>
  View pick(const View (&texts)[N], std::size_t weight = 1) {
    const auto at = below(N - 1 + weight);
    return at < weight ? texts[0] : texts[at - weight + 1];
  }

  std::string bytes(std::size_t length) {
    std::string out;
    while (out.size() < length) out += static_cast<char>(below(4) == 0 ? below(256) : 'a' + below(26));
    return out;
  }

  std::string chunked() {
    std::string out;
    for (auto chunks = below(4); chunks > 0; --chunks) {
      const auto length = 1 + below(20);
      static constexpr View digits = "0123456789ABCDEF";
      if (length > 15) out += digits[length / 16];
      out += digits[length % 16];
      out += pick({"\r\n", ";ext=\"v\"\r\n", " \r\n", ";a\r\n", "\n"}, 20);
      out += bytes(length) + "\r\n";
    }
    out += pick({"0\r\n", "000\r\n", "0;last\r\n"}, 4);
    for (auto lines = below(6); lines < 3 && lines > 0; --lines) {
      out += pick({"X-Sum: 1\r\n", "Content-Length: 1\r\n", "Grpc-Status:0\r\n", "bad line\r\n"}, 6);
    }
    return out + "\r\n";
  }

  std::string fields_and_body() {
    std::string out;
    const auto some = [this, &out] {
      for (auto lines = below(5); lines > 0; --lines) {
        out += pick({"Accept: */*\r\n",
                     "X-Empty:\r\n",
                     "Cookie: a=b; c=\"d\"\r\n",
                     "X-Tab: a\tb  c\r\n",
                     "Date: now\r\n",
                     "Connection: close\r\n",
                     "Connection: keep-alive, X-Empty\r\n",
                     "TE: trailers\r\n",
                     "My_Name: v\r\n",
                     "Upgrade: websocket\r\n",
                     "Connection: Upgrade\r\n",
                     "X-Forwarded-For: 10.1.1.1\r\n",
                     "Keep-Alive: timeout=5\r\n",
                     "Content_Length: 3\r\n",
                     "Expect: 100-continue\r\n",
                     "Trailer: X-Sum\r\n",
                     "X-High: \xe4\xff\r\n",
                     "X-Fold: a\r\n b\r\n",
                     "X-Space : a\r\n",
                     "X-Ctl: \x01\r\n",
                     "no colon\r\n"});
      }
    };
    some();
    const auto kind = below(8);
    std::string body;
    if (kind < 3) {
      body = kind == 0 ? "" : bytes(below(40));
      out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
      if (one_in(10)) out += "Content-Length: " + std::to_string(body.size() + below(2)) + "\r\n";
    } else if (kind < 6) {
      body = chunked();
      out += pick(
          {"Transfer-Encoding: chunked\r\n", "transfer-encoding:Chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Transfer-Encoding: gzip\r\n"},
          12);
    }
    some();
    return out + "\r\n" + body;
  }

  std::mt19937 x_random;
};

}  // namespace tapedeck::test
