// Writing, reading and checking tapes of an API's traffic: JSON bodies that repeat in part, long headers that repeat.
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <zstd.h>

#include "format/row.hpp"
#include "format/tape_reader.hpp"
#include "format/tape_writer.hpp"
#include "tests/bench/api_traffic.hpp"
#include "tests/support/memory_sink.hpp"

namespace {

using namespace tapedeck;

std::vector<http::Exchange> api_traffic(std::size_t n) {
  test::ApiTraffic source(5, 40);
  std::vector<http::Exchange> made;
  for (std::size_t i = 0; i < n; ++i) made.push_back(source.next());
  return made;
}

std::uint64_t raw_size(const std::vector<http::Exchange>& exchanges) {
  std::uint64_t total = 0;
  for (const http::Exchange& e : exchanges) total += test::raw_size(e);
  return total;
}

std::string write(const std::vector<http::Exchange>& exchanges, unsigned workers) {
  const auto bytes = std::make_shared<std::string>();
  format::TapeOptions options;
  options.workers = workers;
  options.recording = http::RecordingId{1};
  auto writer = format::TapeWriter::create(std::make_unique<test::MemorySink>(bytes), options, Time{});
  for (const http::Exchange& e : exchanges) {
    (void)writer->append(e, Time{});
    (void)writer->tick(Time{}, e.request.first);
  }
  (void)writer->seal(Time{});
  return *bytes;
}

const std::vector<http::Exchange>& traffic() {
  static const std::vector<http::Exchange> made = api_traffic(50'000);
  return made;
}

const std::string& tape() {
  static const std::string written = write(traffic(), 2);
  return written;
}

void count(benchmark::State& state) {
  const auto rounds = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(rounds * static_cast<std::int64_t>(raw_size(traffic())));
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(traffic().size()));
  state.counters["ratio"] = static_cast<double>(raw_size(traffic())) / static_cast<double>(tape().size());
}

void write_tape(benchmark::State& state) {
  (void)traffic();
  for (auto _ : state) benchmark::DoNotOptimize(write(traffic(), static_cast<unsigned>(state.range(0))));
  count(state);
}
BENCHMARK(write_tape)->Arg(0)->Arg(2)->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond);

/// The ceiling: heads and bodies end to end, in pieces of a chunk's size, through zstd and nothing else.
void zstd_alone(benchmark::State& state) {
  std::string raw;
  for (const http::Exchange& e : traffic()) raw += e.request.head + e.response.head + e.response.body.bytes;
  constexpr std::size_t kPiece = 1u << 20;
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  std::string out(ZSTD_compressBound(kPiece), '\0');
  std::size_t coded = 0;
  for (auto _ : state) {
    coded = 0;
    for (std::size_t at = 0; at < raw.size(); at += kPiece) {
      coded += ZSTD_compressCCtx(context.get(), out.data(), out.size(), raw.data() + at,
                                 std::min(kPiece, raw.size() - at), 3);
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(raw.size()));
  state.counters["ratio"] = static_cast<double>(raw.size()) / static_cast<double>(coded);
}
BENCHMARK(zstd_alone)->Unit(benchmark::kMillisecond);

void read_tape(benchmark::State& state) {
  for (auto _ : state) {
    auto reader = format::TapeReader::open(format::memory_source(tape()));
    auto cursor = reader->in_time_order({}, static_cast<format::Bodies>(state.range(0)));
    while (*cursor.next()) {
    }
  }
  count(state);
}
BENCHMARK(read_tape)
    ->Arg(static_cast<int>(format::Bodies::load))
    ->Arg(static_cast<int>(format::Bodies::skip))
    ->Unit(benchmark::kMillisecond);

void verify_tape(benchmark::State& state) {
  auto reader = format::TapeReader::open(format::memory_source(tape()));
  for (auto _ : state) benchmark::DoNotOptimize(reader->verify());
  count(state);
}
BENCHMARK(verify_tape)->Unit(benchmark::kMillisecond);

void open_and_summarise(benchmark::State& state) {
  for (auto _ : state) {
    auto reader = format::TapeReader::open(format::memory_source(tape()));
    benchmark::DoNotOptimize(reader->summary());
  }
}
BENCHMARK(open_and_summarise)->Unit(benchmark::kMicrosecond);

void find_exchange(benchmark::State& state) {
  std::uint64_t n = 0;
  for (auto _ : state) {
    auto reader = format::TapeReader::open(format::memory_source(tape()));
    benchmark::DoNotOptimize(reader->find(std::to_string(n = (n + 7919) % traffic().size())));
  }
}
BENCHMARK(find_exchange)->Unit(benchmark::kMicrosecond);

void decode_metadata(benchmark::State& state) {
  format::MetaEncoder encoder;
  constexpr std::uint32_t kRows = 10'000;
  for (std::uint32_t i = 0; i < kRows; ++i) {
    const http::Exchange& e = traffic()[i];
    format::RowMeta row;
    row.connection = e.connection->number;
    row.sequence = e.sequence;
    row.version = 0x11;
    row.status = 200;
    row.request_first = row.request_last = to_ns(e.request.first);
    row.response_first = to_ns(e.response.first);
    row.response_last = to_ns(e.response.last);
    row.request_head_bytes = 100;
    row.response_head_bytes = 90;
    row.bodies[1].code = format::BodyCode::in_column;
    row.bodies[1].length = e.response.body.bytes.size();
    encoder.add(row);
  }
  const std::string meta = encoder.finish();
  for (auto _ : state) benchmark::DoNotOptimize(format::decode_meta(meta, kRows));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kRows);
}
BENCHMARK(decode_metadata)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
