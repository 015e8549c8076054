// How much memory a large body takes on its way out of a tape: copied, verified, exported. Not a Google benchmark: one
// run is one measurement. The body repeats a pattern of 1 MiB, so its tape is small.
//   bench_large_body [GiB of the body = 3] [directory = /tmp]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "format/copy_tape.hpp"
#include "format/foreign/ndjson_exporter.hpp"
#include "format/foreign/warc_exporter.hpp"

namespace {

using namespace tapedeck;

std::string peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM")) return line;
  }
  return "unknown";
}

/// From here on the peak counts anew.
void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// 1 MiB, no quarter of it like another.
std::string pattern() {
  std::string bytes;
  std::uint64_t state = 1;
  while (bytes.size() < 1u << 20) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    bytes += "{\"id\":" + std::to_string(state >> 40) + ",\"name\":\"article " + std::to_string(state >> 55) + "\"},\n";
  }
  bytes.resize(1u << 20);
  return bytes;
}

format::TapeWriter tape_at(const std::filesystem::path& path, bool sorted) {
  format::TapeOptions options;
  options.sync = format::Sync::never;
  options.sorted = sorted;
  return must(format::TapeWriter::create(must(format::create_file_sink(path, format::Overwrite::force)), options,
                                         system_clock().wall()));
}

void write_tape(const std::filesystem::path& path, std::uint64_t gib) {
  format::TapeWriter writer = tape_at(path, false);
  const Time now = system_clock().wall();
  http::Exchange e;
  e.request.head = "GET /film HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  e.request.first = e.request.last = e.response.first = e.response.last = now;
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  e.response.body.state = http::BodyState::kept;
  const std::string piece = pattern();
  const format::BlobNumber body = writer.begin_body();
  for (std::uint64_t sent = 0; sent < gib << 30; sent += piece.size()) {
    must(writer.append_body(body, format::part_of(e, http::Side::response, piece), now));
  }
  must(writer.append(e, now, {0, body}));
  must(writer.seal(now));
}

void copy_tape(const std::filesystem::path& from, const std::filesystem::path& to) {
  format::TapeReader reader = must(format::TapeReader::open(from));
  format::TapeWriter writer = tape_at(to, true);
  const auto copied = must(format::copy_tape(reader, writer, {}, system_clock().wall()));
  if (!copied.damage.intact()) fail(make_error("the copy is damaged: " + copied.damage.sentence()));
}

void verify(const std::filesystem::path& path) {
  const auto report = must(must(format::TapeReader::open(path)).verify());
  if (!report.intact()) fail(make_error("damaged: " + report.sentence()));
}

void export_to_null(const std::filesystem::path& path,
                    const std::function<std::unique_ptr<format::Exporter>(format::ByteSink&)>& make) {
  format::TapeReader reader = must(format::TapeReader::open(path));
  const auto sink = must(format::create_file_sink("/dev/null", format::Overwrite::force));
  const auto exporter = make(*sink);
  const auto read = [&](const format::BodyRef& body, const format::BodyVisitor& visit) {
    return reader.read_body(body, visit);
  };
  auto cursor = reader.in_time_order({}, format::Bodies::refer);
  while (auto next = must(cursor.next_stored())) must(exporter->add_stored(std::move(*next), read));
  must(exporter->finish());
}

void measure(const char* what, std::uint64_t gib, const std::function<void()>& run) {
  forget_peak();
  const MonoTime begun = system_clock().mono();
  run();
  const double seconds = std::chrono::duration<double>(system_clock().mono() - begun).count();
  std::printf("%-14s %6.1f s %6.0f MB/s  %s\n", what, seconds, static_cast<double>(gib << 30) / seconds / 1e6,
              peak_memory().c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  const std::uint64_t gib = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 3;
  const std::filesystem::path directory = count > 2 ? arguments[2] : "/tmp";
  const std::filesystem::path tape = directory / "large_body.tape";
  const std::filesystem::path copied = directory / "large_body_copy.tape";
  std::printf("a body of %llu GiB\n", static_cast<unsigned long long>(gib));
  measure("write", gib, [&] { write_tape(tape, gib); });
  measure("copy", gib, [&] { copy_tape(tape, copied); });
  measure("verify", gib, [&] { verify(copied); });
  measure("export ndjson", gib, [&] { export_to_null(copied, format::make_ndjson_exporter); });
  measure("export warc", gib, [&] {
    export_to_null(copied, [](format::ByteSink& to) {
      return format::make_warc_exporter(to, format::Compression::none, "bench");
    });
  });
  std::filesystem::remove(tape);
  std::filesystem::remove(copied);
  return 0;
}
