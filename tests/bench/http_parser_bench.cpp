// What the codec costs: parsing a head (whole and a byte at a time), rebuilding it, de-chunking a body.
#include <cstdlib>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "http/forwarding.hpp"
#include "http/parser.hpp"

using namespace tapedeck;
using namespace tapedeck::http;

namespace {

constexpr std::string_view kBrowserRequest =
    "GET /products/4711/reviews?page=2&sort=newest HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 0\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: private, max-age=0\r\n"
    "Vary: Accept-Encoding\r\n\r\n";

void take(Step got, Step wanted) {
  if (got != wanted) std::abort();
}

void parse_head(benchmark::State& state, Side side, Mode mode, std::string_view bytes) {
  FieldTable table;
  const auto limits = mode == Mode::observe ? observe_limits() : strict_request_limits();
  MessageParser parser(side, mode, limits, table);
  for (auto _ : state) {
    take(parser.next(as_bytes(bytes)).step, Step::head);
    take(parser.next({}).step, Step::end);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(parse_head, strict_request, Side::request, Mode::strict, kBrowserRequest);
BENCHMARK_CAPTURE(parse_head, observed_request, Side::request, Mode::observe, kBrowserRequest);
BENCHMARK_CAPTURE(parse_head, strict_response, Side::response, Mode::strict, kResponse);

/// Time a byte must not grow with the head: a scan goes on where it stopped.
void parse_head_byte_at_a_time(benchmark::State& state) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n";
  while (bytes.size() < static_cast<std::size_t>(state.range(0))) bytes += "X-Name: some value of this length\r\n";
  bytes += "\r\n";
  FieldTable table;
  auto limits = observe_limits();
  MessageParser parser(Side::request, Mode::observe, limits, table);
  for (auto _ : state) {
    for (std::size_t seen = 1; seen < bytes.size(); ++seen) {
      take(parser.next(as_bytes(std::string_view(bytes).substr(0, seen))).step, Step::need_more);
    }
    take(parser.next(as_bytes(bytes)).step, Step::head);
    take(parser.next({}).step, Step::end);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(parse_head_byte_at_a_time)->Arg(1 << 10)->Arg(1 << 14)->Arg(1 << 17);

void parse_and_rebuild(benchmark::State& state) {
  FieldTable table;
  const auto limits = strict_request_limits();
  MessageParser parser(Side::request, Mode::strict, limits, table);
  const ForwardPolicy policy;
  const Hop hop{"192.0.2.17", "http"};
  std::string out;
  for (auto _ : state) {
    take(parser.next(as_bytes(kBrowserRequest)).step, Step::head);
    out.clear();
    rebuild_request(parser.head(), parser.framing(), parser.content_length(), hop, policy, out);
    benchmark::DoNotOptimize(out.data());
    take(parser.next({}).step, Step::end);
  }
}
BENCHMARK(parse_and_rebuild);

void dechunk(benchmark::State& state) {
  std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string data(static_cast<std::size_t>(state.range(0)), 'x');
  for (int i = 0; i < 64; ++i) append_chunk(as_bytes(data), bytes);
  append_last_chunk({}, bytes);
  FieldTable table;
  const auto limits = strict_response_limits();
  MessageParser parser(Side::response, Mode::strict, limits, table);
  for (auto _ : state) {
    auto rest = as_bytes(bytes);
    while (!rest.empty()) rest = rest.subspan(parser.next(rest).consumed);
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(dechunk)->Arg(16)->Arg(4096);

}  // namespace

BENCHMARK_MAIN();
