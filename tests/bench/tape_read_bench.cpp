// Reading tapes: what a core does with rows and bodies, with META alone, with stored bytes, and where the ceiling is.
// Of two tapes: an API's (bodies of some kilobytes), and one of small answers, where rows count for more than bytes.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "format/decoded_chunk.hpp"
#include "format/indexes.hpp"
#include "format/tape_reader.hpp"
#include "format/tape_writer.hpp"
#include "tests/bench/api_traffic.hpp"
#include "tests/support/memory_sink.hpp"

namespace {

using namespace tapedeck;

enum Traffic : std::int64_t { api, small };

struct Tape {
  std::string bytes;
  std::uint64_t raw = 0;
  std::uint64_t exchanges = 0;
};

Tape make_tape(Traffic traffic, std::size_t n) {
  const auto bytes = std::make_shared<std::string>();
  format::TapeOptions options;
  options.workers = 2;
  options.recording = http::RecordingId{1};
  auto writer = format::TapeWriter::create(std::make_unique<test::MemorySink>(bytes), options, Time{});
  test::ApiTraffic source = traffic == api ? test::ApiTraffic(20, 160) : test::ApiTraffic(0, 8);
  Tape tape;
  for (std::size_t i = 0; i < n; ++i) {
    const http::Exchange e = source.next();
    tape.raw += test::raw_size(e);
    (void)writer->append(e, Time{});
    (void)writer->tick(Time{}, e.request.first);
  }
  (void)writer->seal(Time{});
  tape.bytes = *bytes;
  tape.exchanges = n;
  return tape;
}

const Tape& tape(std::int64_t traffic) {
  static const Tape tapes[] = {make_tape(api, 40'000), make_tape(small, 200'000)};
  return tapes[traffic];
}

void count(benchmark::State& state, std::uint64_t bytes) {
  const auto rounds = static_cast<std::int64_t>(state.iterations());
  const Tape& of = tape(state.range(0));
  state.SetBytesProcessed(rounds * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(of.exchanges));
  state.counters["ratio"] = static_cast<double>(of.raw) / static_cast<double>(of.bytes.size());
}

/// The bytes where they are: what is measured is the reader.
struct ViewSource final : format::ByteSource {
  explicit ViewSource(std::int64_t traffic) : all(tape(traffic).bytes) {}
  Result<std::uint64_t> size() const override { return std::uint64_t{all.size()}; }
  Result<std::size_t> read_at(std::uint64_t offset, Bytes into) const override {
    const std::string_view bytes = all.substr(static_cast<std::size_t>(offset), into.size());
    std::memcpy(into.data(), bytes.data(), bytes.size());
    return bytes.size();
  }
  std::string_view all;
};

void walk(benchmark::State& state, format::Bodies bodies) {
  for (auto _ : state) {
    auto reader = format::TapeReader::open(std::make_unique<ViewSource>(state.range(0)));
    auto cursor = reader->in_time_order({}, bodies);
    while (*cursor.next()) {
    }
  }
  count(state, tape(state.range(0)).raw);
}

void read_rows(benchmark::State& state) { walk(state, format::Bodies::load); }
BENCHMARK(read_rows)->Arg(api)->Arg(small)->Unit(benchmark::kMillisecond);

void read_heads(benchmark::State& state) { walk(state, format::Bodies::skip); }
BENCHMARK(read_heads)->Arg(api)->Arg(small)->Unit(benchmark::kMillisecond);

/// Every chunk by itself, so much of it.
template <class Use>
void each_chunk(benchmark::State& state, format::Extent extent, const Use& use) {
  const format::TapeFile file(std::make_unique<ViewSource>(state.range(0)), "tape", std::nullopt,
                              format::MissingKey::refuse);
  const auto opened = format::read_indexes(file, **format::open_by_footers(file));
  const auto& segment = (*opened)->map.recordings[0].segments[0];
  for (auto _ : state) {
    for (const format::ChunkEntry& entry : segment.chunks) {
      use(**format::DecodedChunk::load(file, entry, {http::RecordingId{1}, 0}, {}, format::Encrypted::no, extent));
    }
  }
  count(state, tape(state.range(0)).raw);
}

/// Nothing but zstd: no reader can be faster than this.
void decompress_columns(benchmark::State& state) {
  each_chunk(state, format::Extent::all, [](const format::DecodedChunk& chunk) {
    for (std::uint16_t id = 1; id < format::kColumnEnd; ++id) {
      benchmark::DoNotOptimize(chunk.column(static_cast<format::Column>(id)));
    }
  });
}
BENCHMARK(decompress_columns)->Arg(api)->Arg(small)->Unit(benchmark::kMillisecond);

void scan_metadata(benchmark::State& state) {
  each_chunk(state, format::Extent::ids,
             [](const format::DecodedChunk& chunk) { benchmark::DoNotOptimize(chunk.rows()->size()); });
}
BENCHMARK(scan_metadata)->Arg(api)->Arg(small)->Unit(benchmark::kMillisecond);

void verify_tape(benchmark::State& state, format::Check check) {
  auto reader = format::TapeReader::open(std::make_unique<ViewSource>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(reader->verify(check));
  count(state, tape(state.range(0)).bytes.size());
}

void verify_stored(benchmark::State& state) { verify_tape(state, format::Check::stored_first); }
BENCHMARK(verify_stored)->Arg(api)->Arg(small)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  (void)tape(api);  // made before anything is measured
  benchmark::RunSpecifiedBenchmarks();
}
