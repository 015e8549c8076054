// Reading tapes: what a core does with rows and bodies, with META alone, with stored bytes, and where the ceiling is.
// Of two tapes: an API's (bodies of some kilobytes), and one of small answers, where rows count for more than bytes.
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "format/decoded_chunk.hpp"
#include "format/indexes.hpp"
#include "format/tape_reader.hpp"
#include "format/tape_writer.hpp"
#include "tests/support/memory_sink.hpp"

namespace {

using namespace tapedeck;

std::string json_body(std::mt19937& random, std::size_t items) {
  std::string body = "{\"items\":[";
  for (std::size_t i = 0; i < items; ++i) {
    body += "{\"id\":" + std::to_string(random() % 100'000) + ",\"name\":\"article " + std::to_string(random() % 500) +
            "\",\"price\":" + std::to_string(random() % 10'000) + ",\"stock\":" + std::to_string(random() % 50) + "},";
  }
  return body + "null]}";
}

enum Traffic : std::int64_t { api, small };

/// JSON bodies, long headers that repeat.
http::Exchange exchange_of(Traffic traffic, std::mt19937& random, std::size_t i,
                           std::shared_ptr<const http::Connection> connection) {
  http::Exchange e;
  e.connection = std::move(connection);
  e.sequence = static_cast<std::uint32_t>(i % 20);
  e.request.head =
      "GET /orders/" + std::to_string(random() % 100'000) +
      "?page=2 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) "
      "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0\r\nAccept: application/json\r\nCookie: session=" +
      std::to_string(1'000'000'007ULL * (i / 20 + 1)) + "f00dfacecafebeef0123456789\r\n\r\n";
  e.request.first = time_from_ns(1'700'000'000'000'000'000) + std::chrono::microseconds(i * 100);
  e.request.last = e.request.first;
  e.response.first = e.request.first + std::chrono::microseconds(random() % 20'000);
  e.response.last = e.response.first + std::chrono::microseconds(random() % 500);
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: stall/1.0\r\nX-Request-Id: " +
                    std::to_string(random()) + "\r\n\r\n";
  e.response.body.state = http::BodyState::kept;
  e.response.body.bytes = json_body(random, traffic == api ? 20 + random() % 160 : random() % 8);
  return e;
}

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
  std::mt19937 random(7);
  std::shared_ptr<http::Connection> connection;
  Tape tape;
  for (std::size_t i = 0; i < n; ++i) {
    if (i % 20 == 0) {
      connection = std::make_shared<http::Connection>();
      connection->number = 1 + i / 20;
      connection->client = *http::parse_socket_address("192.0.2.7:40001");
    }
    const http::Exchange e = exchange_of(traffic, random, i, connection);
    tape.raw += e.request.head.size() + e.response.head.size() + e.response.body.bytes.size();
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
