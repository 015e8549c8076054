// How much memory recording takes while one body of any length passes and thousands of exchanges stay open, each with a
// trickle of its own. Not a Google benchmark: one run is one measurement.
//   bench_long_body [GiB of the body = 10] [open exchanges = 10000] [tape = /dev/null] [capture memory, MiB = 256]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "capture/recorder.hpp"
#include "tests/support/part_source.hpp"

namespace {

using namespace tapedeck;
using namespace std::chrono_literals;

/// JSON lines, no two alike: about what an export of records looks like.
class Records {
 public:
  std::string_view next() {
    x_text.clear();
    while (x_text.size() < 64 * 1024) {
      x_state = x_state * 6364136223846793005u + 1442695040888963407u;
      x_text += "{\"id\":" + std::to_string(x_state >> 40) + ",\"name\":\"article " + std::to_string(x_state >> 55) +
                "\",\"price\":" + std::to_string(x_state >> 50) + "},\n";
    }
    return x_text;
  }

 private:
  std::uint64_t x_state = 1;
  std::string x_text;
};

std::string peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM")) return line;
  }
  return "unknown";
}

}  // namespace

int main(int count, char** arguments) {
  const std::uint64_t gib = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 10;
  const std::uint64_t open_count = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 10'000;
  capture::RecorderOptions options;
  options.out = count > 3 ? arguments[3] : "/dev/null";
  options.overwrite = format::Overwrite::force;
  options.max_body = ByteSize{(gib + 1) << 30};
  options.when_full = capture::WhenFull::wait;
  if (count > 4) options.memory = ByteSize{std::strtoull(arguments[4], nullptr, 10) << 20};
  auto recorder = capture::Recorder::create(options, system_clock());
  if (!recorder) {
    std::fprintf(stderr, "%s\n", recorder.error().message.c_str());
    return 1;
  }
  const Clock& clock = system_clock();
  test::PartSource source(**recorder);
  std::vector<std::uint64_t> open;
  for (std::uint64_t i = 0; i < open_count; ++i) {
    open.push_back(source.begin(clock.wall()));
    source.respond(open.back(), clock.wall());
  }
  const std::uint64_t large = source.begin(clock.wall());
  source.respond(large, clock.wall());
  const MonoTime begun = clock.mono();
  Records records;
  std::uint64_t sent = 0;
  for (std::size_t turn = 0; sent < gib << 30; ++turn) {
    const std::string_view piece = records.next();
    source.body(large, clock.wall(), piece);
    sent += piece.size();
    if (!open.empty()) source.body(open[turn % open.size()], clock.wall(), piece.substr(0, 200));
    if (turn % 16 == 0) (*recorder)->advance(clock.wall());
  }
  source.end(large, clock.wall());
  const auto stats = (*recorder)->finish();
  const double seconds = std::chrono::duration<double>(clock.mono() - begun).count();
  std::printf("body %.1f GiB, %zu exchanges open: %.1f s, %.0f MB/s, tape %.1f MB, recorded %llu, cut off %llu, %s\n",
              static_cast<double>(sent) / (1 << 30), open.size(), seconds, static_cast<double>(sent) / seconds / 1e6,
              static_cast<double>(stats->bytes) / 1e6, static_cast<unsigned long long>(stats->recorded),
              static_cast<unsigned long long>(stats->incomplete), peak_memory().c_str());
  return stats->has_loss() ? 1 : 0;
}
