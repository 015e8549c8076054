// What comparing costs: equal bytes, another form, a few differences, building a tree.
#include <string>

#include <benchmark/benchmark.h>

#include "diff/json_tree.hpp"
#include "tests/diff/answers.hpp"

namespace {

using namespace tapedeck;
using namespace tapedeck::diff;

std::string orders(int count, const char* gap, int edit_every) {
  std::string out = "[";
  for (int i = 0; i < count; ++i) {
    const int price = edit_every != 0 && i % edit_every == 0 ? 7 : 5;
    ((((out += i != 0 ? "," : "") += gap) += R"({"id":)") += std::to_string(i)) += R"(,"name":"A lamp of brass, no. )";
    ((out += std::to_string(i)) += R"(","price":)") +=
        std::to_string(price) + R"(.25,"tags":["home","light","brass"],"stock":{"berlin":12,"paris":0}})";
  }
  return out + "]";
}

void compare_two(benchmark::State& state, const std::string& a, const std::string& b) {
  const Differ differ;
  const http::Exchange primary = exchange_of({.body = a});
  const http::Exchange candidate = exchange_of({.body = b});
  for (auto _ : state) benchmark::DoNotOptimize(differ.compare(primary, candidate));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(a.size() + b.size()));
}

void BM_equal_bytes(benchmark::State& state) {
  compare_two(state, orders(static_cast<int>(state.range(0)), "", 0), orders(static_cast<int>(state.range(0)), "", 0));
}
void BM_other_form(benchmark::State& state) {
  compare_two(state, orders(static_cast<int>(state.range(0)), "", 0), orders(static_cast<int>(state.range(0)), " ", 0));
}
void BM_some_differences(benchmark::State& state) {
  compare_two(state, orders(static_cast<int>(state.range(0)), "", 0), orders(static_cast<int>(state.range(0)), "", 50));
}

void BM_tree(benchmark::State& state) {
  const std::string text = orders(static_cast<int>(state.range(0)), "", 0);
  for (auto _ : state) benchmark::DoNotOptimize(JsonTree::parse(text, {}, 1));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

BENCHMARK(BM_equal_bytes)->Arg(10)->Arg(1000);
BENCHMARK(BM_other_form)->Arg(10)->Arg(1000);
BENCHMARK(BM_some_differences)->Arg(10)->Arg(1000);
BENCHMARK(BM_tree)->Arg(10)->Arg(1000)->Arg(50000);

}  // namespace

BENCHMARK_MAIN();
