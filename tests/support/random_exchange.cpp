#include "tests/support/random_exchange.hpp"

#include <array>

namespace tapedeck::test {

std::string ExchangeGenerator::bytes(std::size_t n) {
  std::string out(n, '\0');
  for (char& c : out) c = static_cast<char>(x_random());
  return out;
}

std::string ExchangeGenerator::text(std::size_t n) {
  static constexpr std::array<std::string_view, 8> kWords{"{\"id\":", "\"price\":", "null,", "1742",
                                                          "true",     "\"name\"",   "},",    "[1,2,3]"};
  std::string out;
  while (out.size() < n) out += kWords[below(kWords.size())];
  out.resize(n);
  return out;
}

std::shared_ptr<const http::Connection> ExchangeGenerator::connection() {
  if (!x_connections.empty() && !one_in(4)) return x_connections[below(x_connections.size())];
  auto made = std::make_shared<http::Connection>();
  made->number = x_next_connection++;
  made->client = *http::parse_socket_address(one_in(2) ? "192.0.2.7:40001" : "[2001:db8::7]:40002");
  if (!one_in(5)) made->server = *http::parse_socket_address("198.51.100.1:443");
  if (one_in(3)) made->upstream = *http::parse_socket_address("10.0.0.9:8080");
  if (one_in(2)) made->opened = x_now - std::chrono::milliseconds(3);
  if (one_in(3)) {
    made->tls_version = 0x0304;
    made->tls_cipher = 0x1301;
    made->sni = "shop.example";
    made->alpn = "http/1.1";
  }
  if (one_in(6)) made->client_certificate_sha256 = bytes(32);
  x_connections.push_back(made);
  return made;
}

std::string ExchangeGenerator::request_head() {
  static constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "DELETE", "PATCH", "PURGE"};
  std::string head = std::string(kMethods[below(kMethods.size())]) + " /orders/" + std::to_string(below(1000)) +
                     "?q=" + std::to_string(below(10)) + " HTTP/1.1\r\nHost: shop.example\r\n";
  head += "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n";
  if (one_in(3)) head += "Cookie: session=" + text(40 + below(200)) + "\r\n";
  if (one_in(20)) head += "X-Odd: " + bytes(1 + below(30)) + "\r\n";
  return head + "\r\n";
}

std::string ExchangeGenerator::response_head(std::uint16_t status) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " Whatever\r\nContent-Type: application/json\r\n";
  if (one_in(2)) head += "Content-Security-Policy: default-src 'self'; img-src *; object-src 'none'\r\n";
  return head + "Server: stall/1.0\r\n\r\n";
}

http::Body ExchangeGenerator::body(http::Exchange& exchange, http::Side side) {
  const bool request = side == http::Side::request;
  http::Body made;
  if (one_in(3)) return made;
  if (one_in(12)) {
    made.state = http::BodyState::omitted;
    made.omitted_because = static_cast<http::OmittedBecause>(1 + below(3));
    if (one_in(2)) made.wire_length = below(1'000'000);
    if (one_in(2)) made.sha256 = bytes(32);
    exchange.flags.set(request ? http::Flag::request_omitted : http::Flag::response_omitted);
    return made;
  }
  made.state = http::BodyState::kept;
  switch (below(12)) {
    case 0: break;  // empty
    case 1: made.bytes = bytes(below(3000)); break;
    case 2: made.bytes = text(200'000 + below(200'000)); break;
    case 3: made.bytes = one_in(4) ? bytes(600'000) : bytes(256 * 1024 + below(3)); break;
    case 4: made.bytes = x_nasty; break;
    case 5: made.bytes = text(20) + x_nasty + x_nasty; break;
    default: made.bytes = text(below(4000));
  }
  if (one_in(10)) {
    exchange.flags.set(request ? http::Flag::request_truncated : http::Flag::response_truncated);
    if (one_in(2)) made.wire_length = made.bytes.size() + 1 + below(1000);
  }
  return made;
}

http::Exchange ExchangeGenerator::next() {
  x_now += std::chrono::microseconds(below(20'000));
  http::Exchange e;
  e.connection = one_in(15) ? nullptr : connection();
  e.sequence = static_cast<std::uint32_t>(below(30));
  e.stream = one_in(8) ? static_cast<std::uint32_t>(below(100)) : 0;
  e.version = one_in(8) ? http::Version::http_1_0 : http::Version::http_1_1;
  e.flags = http::FlagSet(x_random() & 0x07F8F1F8 & x_random() & x_random());
  e.flags.clear(http::Flag::late_row);
  if (one_in(25)) e.flags.set(http::Flag::request_missing);
  const Duration jitter = std::chrono::milliseconds(static_cast<int>(below(4000)) - 2000);
  const Time first = x_now + jitter;
  const bool answered = !e.has_request() || !one_in(8);
  e.response.first = first + std::chrono::microseconds(below(90'000));
  if (e.has_request()) {
    e.request.head = request_head();
    e.request.body = body(e, http::Side::request);
    e.request.first = first;
    e.request.last = first + std::chrono::microseconds(below(900));
    if (one_in(9)) e.request.trailers = "X-Sum: 1\r\n";
    if (one_in(9)) e.interim.assign(1 + below(2), "HTTP/1.1 100 Continue\r\n\r\n");
  } else {
    e.request.first = e.request.last = e.response.first;
  }
  if (answered) {
    e.status = static_cast<std::uint16_t>(200 + 100 * below(4));
    e.response.head = response_head(e.status);
    e.response.body = body(e, http::Side::response);
    e.response.last = e.response.first + std::chrono::microseconds(below(5000));
    if (one_in(9)) e.response.trailers = "X-Checksum: abc\r\n";
  } else {
    e.flags.set(http::Flag::response_missing);
    e.response.first = e.response.last = e.request.last;
    e.reason = static_cast<http::Reason>(1 + below(http::kReasonCount - 1));
  }
  if (one_in(10)) e.gaps.push_back({static_cast<http::Side>(below(2)), below(100), 1 + below(5000)});
  if (one_in(10)) e.rules = "bare_lf obs_fold";
  return e;
}

std::vector<http::Exchange> ExchangeGenerator::take(std::size_t n) {
  std::vector<http::Exchange> made;
  for (std::size_t i = 0; i < n; ++i) made.push_back(next());
  return made;
}

}  // namespace tapedeck::test
