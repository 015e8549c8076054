// Reading a HAR document of 600 MB that is made while it is read: speed, and the memory that it takes.
#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include "base/json_writer.hpp"
#include "format/foreign/har_reader.hpp"

namespace {

using namespace tapedeck;

constexpr std::size_t kEntries = 13'000;

std::string entry(bool as_base64) {
  std::mt19937 random(7);
  std::string body;
  while (body.size() < 36'000) body += "{\"id\":" + std::to_string(random()) + ",\"name\":\"article\"},\n";
  JsonWriter text;
  text.value(as_base64 ? base64(body) : body);
  return R"({"startedDateTime":"2024-05-01T12:00:00.000Z","connection":"443","timings":{"wait":3,"receive":1},)"
         R"("request":{"method":"GET","url":"https://shop.example/api/items?page=1","httpVersion":"h2",)"
         R"("headers":[{"name":"Accept","value":"*/*"},{"name":"Cookie","value":"session=0123456789abcdef"}]},)"
         R"("response":{"status":200,"httpVersion":"h2","headers":[{"name":"content-type","value":"application/json"}],)"
         R"("content":{"size":36000,"mimeType":"application/json")" +
         std::string(as_base64 ? R"(,"encoding":"base64")" : "") + R"(,"text":)" + text.take() + "}}}";
}

/// Two kinds of entries by turns.
class GeneratedDocument final : public format::ByteStream {
 public:
  Result<std::size_t> read(Bytes into) override {
    if (x_at == x_piece.size()) next_piece();
    const std::size_t n = std::min(into.size(), x_piece.size() - x_at);
    std::memcpy(into.data(), x_piece.data() + x_at, n);
    x_at += n;
    return n;
  }

 private:
  void next_piece() {
    x_at = 0;
    x_piece.clear();
    if (x_made == 0) x_piece = R"({"log":{"version":"1.2","entries":[)";
    if (x_made < kEntries) x_piece += (x_made == 0 ? "" : ",\n") + (x_made % 2 == 0 ? x_text : x_base64);
    if (x_made == kEntries) x_piece = "]}}";
    ++x_made;
  }

  std::string x_text = entry(false);
  std::string x_base64 = entry(true);
  std::string x_piece;
  std::size_t x_at = 0;
  std::size_t x_made = 0;
};

void read_har(benchmark::State& state) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    const auto reader = format::read_har(std::make_unique<GeneratedDocument>());
    std::size_t count = 0;
    for (auto next = (*reader)->next(); next && *next; next = (*reader)->next()) ++count;
    if (count != kEntries) state.SkipWithError("entries are missing");
    bytes += kEntries / 2 * (entry(false).size() + entry(true).size());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["peak_rss_mb"] = static_cast<double>(usage.ru_maxrss) / 1024;
}
BENCHMARK(read_har)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
