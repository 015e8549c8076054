#pragma once
#include <algorithm>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "capture/recorder_core.hpp"
#include "format/tape_reader.hpp"
#include "tests/support/part_source.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temp_directory.hpp"

namespace tapedeck::capture {

using namespace std::chrono_literals;

inline const Time kStart = time_from_ns(1'790'000'000'000'000'000);  // 2026-09-21T14:13:20Z

/// A recorder without threads: what goes in is handled at once, and the test owns the time.
class Bench final : public http::ExchangeSink {
 public:
  explicit Bench(RecorderOptions given, std::uint64_t memory = 64 << 20) : options(with_defaults(std::move(given))) {
    auto output = TapeOutput::create(options, account);
    REQUIRE_MESSAGE(output.has_value(), (output ? "" : output.error().message));
    core.emplace(options, memory, account, std::move(*output));
    REQUIRE(core->begin(now).has_value());
  }

  void take(const http::ExchangePart& part) noexcept override { core->handle(part, now); }
  void lost(const http::Loss& loss) noexcept override { core->handle(LossItem{loss}, now); }
  void advance(Time watermark) noexcept override { core->handle(Watermark{watermark}, now); }

  /// Lets time pass, with a tick at its end.
  void pass(Duration time) {
    now += time;
    mono += time;
    core->tick(now, mono);
  }
  RecorderStats finish() {
    core->finish(now);
    return stats();
  }
  RecorderStats stats() const {
    const RecorderStats stats = account.snapshot();
    CHECK(stats.seen == stats.recorded + stats.filtered + stats.dropped + stats.incomplete + stats.in_flight);
    return stats;
  }

  const RecorderOptions options;
  RecorderAccount account;
  std::optional<RecorderCore> core;
  Time now = kStart;
  MonoTime mono{1000s};
  test::PartSource source{*this};

 private:
  static RecorderOptions with_defaults(RecorderOptions options) {
    options.tape.chunk = 64_KiB;
    options.tape.workers = 0;  // compressed at once
    options.tape.recording = http::RecordingId{0xab, 0xcd, 0xef, 0x01};
    return options;
  }
};

inline RecorderOptions into(const std::filesystem::path& out) {
  RecorderOptions options;
  options.out = out;
  return options;
}

/// Everything on a tape, in time order.
inline std::vector<http::Exchange> read(const std::filesystem::path& path) {
  auto reader = format::TapeReader::open(path);
  REQUIRE_MESSAGE(reader.has_value(), (reader ? "" : reader.error().message));
  auto cursor = reader->in_time_order();
  std::vector<http::Exchange> exchanges;
  while (true) {
    auto next = cursor.next();
    REQUIRE(next.has_value());
    if (!*next) return exchanges;
    exchanges.push_back(std::move(**next));
  }
}

inline std::vector<std::string> targets(const std::vector<http::Exchange>& exchanges) {
  std::vector<std::string> targets;
  for (const auto& exchange : exchanges) targets.emplace_back(http::request_line_of(exchange.request.head).target);
  return targets;
}

inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

/// Hard to compress: a chunk of it takes its room on the disk.
inline std::string noise(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace tapedeck::capture
