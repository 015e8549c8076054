#include <filesystem>
#include <string>

#include <benchmark/benchmark.h>

#include "capture/recorder.hpp"
#include "tests/support/part_source.hpp"
#include "tests/support/temp_directory.hpp"

using namespace tapedeck;

namespace {

/// What the source's thread pays for an exchange of five parts: range(0) is the response body's size.
void take(benchmark::State& state) {
  const test::TempDirectory directory;
  capture::RecorderOptions options;
  options.out = directory / "a.tape";
  options.tape.sync = format::Sync::never;
  auto recorder = capture::Recorder::create(std::move(options), system_clock()).value();
  test::PartSource source(*recorder);
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  Time now = system_clock().wall();
  for (auto _ : state) source.exchange(now += std::chrono::microseconds(10), body);
  const auto stats = recorder->finish().value();
  state.counters["dropped"] = static_cast<double>(stats.dropped);
  state.counters["bytes/exchange"] = static_cast<double>(stats.bytes) / static_cast<double>(stats.recorded);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(take)->Arg(0)->Arg(1000)->Arg(10'000);

/// From part to tape, waiting for room: what the recorder's thread and one compressor get through.
void record(benchmark::State& state) {
  const test::TempDirectory directory;
  capture::RecorderOptions options;
  options.out = directory / "a.tape";
  options.tape.sync = format::Sync::never;
  options.when_full = capture::WhenFull::wait;
  options.memory = 8_MiB;
  auto recorder = capture::Recorder::create(std::move(options), system_clock()).value();
  test::PartSource source(*recorder);
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  Time now = system_clock().wall();
  for (auto _ : state) source.exchange(now += std::chrono::microseconds(10), body);
  state.counters["recorded"] = static_cast<double>(recorder->finish().value().recorded);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(record)->Arg(0)->Arg(1000)->Arg(10'000)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
