#include "capture/recorder.hpp"

#include <atomic>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include <doctest/doctest.h>

#include "format/tape_reader.hpp"
#include "tests/support/part_source.hpp"
#include "tests/support/temp_directory.hpp"

namespace tapedeck::capture {
namespace {

using namespace std::chrono_literals;

const Time kStart = time_from_ns(1'790'000'000'000'000'000);

RecorderOptions into(const std::filesystem::path& out) {
  RecorderOptions options;
  options.out = out;
  return options;
}

std::unique_ptr<Recorder> started(RecorderOptions options) {
  auto recorder = Recorder::create(std::move(options), system_clock());
  REQUIRE_MESSAGE(recorder.has_value(), (recorder ? "" : recorder.error().message));
  return std::move(*recorder);
}

std::uint64_t rows_in(const std::filesystem::path& path) {
  auto reader = format::TapeReader::open(path);
  REQUIRE_MESSAGE(reader.has_value(), (reader ? "" : reader.error().message));
  CHECK(reader->verify().value().intact());
  return reader->summary().value().exchanges;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::uint64_t sum(const RecorderStats& stats) {
  return stats.recorded + stats.filtered + stats.dropped + stats.incomplete + stats.in_flight;
}

/// A free-space probe that holds the recorder's thread until the test lets it go. The first look is at the start.
class Gate {
 public:
  auto probe() {
    return [this](const std::filesystem::path&) {
      if (x_looks++ == 1) x_held.set_value();
      if (x_looks > 1) x_open.wait();
      return 1_GiB;
    };
  }
  void wait_until_held() { x_held.get_future().wait(); }
  void open() { x_opener.set_value(); }

 private:
  std::atomic<int> x_looks = 0;
  std::promise<void> x_held;
  std::promise<void> x_opener;
  std::shared_future<void> x_open = x_opener.get_future().share();
};

TEST_CASE("what a source hands over is on the tape after finish") {
  const test::TempDirectory directory;
  auto recorder = started(into(directory / "a.tape"));
  test::PartSource source(*recorder);
  for (int i = 0; i < 5000; ++i) source.exchange(kStart + i * 1ms, "body");
  recorder->advance(kStart + 5s);
  source.begin(kStart + 5s);
  const auto stats = recorder->finish().value();
  CHECK(stats.seen == 5001);
  CHECK(stats.recorded == 5000);
  CHECK(stats.incomplete_by == std::map<std::string, std::uint64_t>{{"cut_off", 1}});
  CHECK(stats.in_flight == 0);
  CHECK(stats.memory == 0);
  CHECK(rows_in(directory / "a.tape") == 5001);
}

TEST_CASE("the sum holds at every moment") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.memory = 1_MiB;
  options.sample = http::Sample(0.5);
  auto recorder = started(std::move(options));
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::thread watcher([&] {
    while (!done) {
      const RecorderStats stats = recorder->stats();
      if (sum(stats) != stats.seen || stats.seen > 20'000) ++wrong;
    }
  });
  test::PartSource source(*recorder);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    auto connection = std::make_shared<http::Connection>();
    connection->number = i / 10 + 1;
    source.set_connection(std::move(connection));
    source.exchange(kStart + i * 1us, std::string(300, 'x'));
  }
  const auto stats = recorder->finish().value();
  done = true;
  watcher.join();
  CHECK(wrong == 0);
  CHECK(stats.seen == 20'000);
  CHECK(stats.filtered_by.at("sample") > 8'000);
  CHECK(stats.in_flight == 0);
  CHECK(rows_in(directory / "a.tape") == stats.recorded);
}

TEST_CASE("a full queue drops what arrives, counts it and never waits") {
  const test::TempDirectory directory;
  Gate gate;
  RecorderOptions options = into(directory / "a.tape");
  options.memory = 256_KiB;
  options.keep_free = 1_KiB;
  options.free_space = gate.probe();
  auto recorder = started(std::move(options));
  gate.wait_until_held();  // nothing leaves the queue from here on
  test::PartSource source(*recorder);
  const std::uint64_t half_taken = source.begin(kStart);
  for (int i = 0; i < 1000; ++i) source.exchange(kStart, std::string(1000, 'x'));
  source.body(half_taken, kStart, std::string(1000, 'x'));  // no room: its beginning is worth nothing now
  source.end(half_taken, kStart);
  CHECK(recorder->stats().memory < 256'000);
  gate.open();
  const auto stats = recorder->finish().value();
  CHECK(stats.seen == 1001);
  CHECK(stats.dropped_by.size() == 1);
  CHECK(stats.dropped_by.at("queue_full") == stats.dropped);
  CHECK(stats.dropped > 800);
  CHECK(stats.recorded == 1001 - stats.dropped);
  CHECK(stats.has_loss());
  CHECK(rows_in(directory / "a.tape") == stats.recorded);
  auto reader = format::TapeReader::open(directory / "a.tape");
  CHECK(reader->summary().value().losses.at("queue_full").exchanges == stats.dropped);
  CHECK_FALSE(reader->find("0")->request.head.starts_with("GET /1 "));
}

TEST_CASE("reading capture files waits for room instead") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.memory = 128_KiB;
  options.when_full = WhenFull::wait;
  options.capture_time = true;
  auto recorder = started(std::move(options));
  test::PartSource source(*recorder);
  for (int i = 0; i < 3000; ++i) source.exchange(kStart + i * 1ms, std::string(1000, 'x'));
  source.exchange(kStart + 3s, std::string(100'000, 'x'));  // larger than the queue
  const auto stats = recorder->finish().value();
  CHECK(stats.recorded + stats.incomplete == 3001);
  CHECK(stats.dropped == 0);
  CHECK(rows_in(directory / "a.tape") == 3001);
}

TEST_CASE("in capture time two runs give the same bytes") {
  const test::TempDirectory directory;
  const auto record = [&directory](const std::string& name, unsigned workers) {
    RecorderOptions options = into(directory / name);
    options.tape.recording = http::RecordingId{1, 2, 3};
    options.tape.workers = workers;
    options.tape.chunk = 64_KiB;
    options.memory = 2_MiB;
    options.when_full = WhenFull::wait;
    options.capture_time = true;
    options.note_json = "{}";
    auto recorder = started(std::move(options));
    test::PartSource source(*recorder);
    for (int i = 0; i < 3000; ++i) {
      source.exchange(kStart + i * 7ms, std::string(static_cast<std::size_t>(i % 500), 'x'));
      if (i % 100 == 0) recorder->advance(kStart + i * 7ms);
      http::Loss loss;
      loss.reason = http::Reason::tcp_gap;
      loss.bytes = 1;
      loss.from = loss.to = kStart + i * 7ms;
      if (i % 10 == 0) recorder->lost(loss);
    }
    source.begin(kStart + 30s);
    CHECK(recorder->finish().value().incomplete == 1);
    return bytes_of(directory / name);
  };
  const std::string one = record("one.tape", 1);
  CHECK(one.size() > 1000);
  CHECK(record("two.tape", 1) == one);
  CHECK(record("three.tape", 3) == one);
}

TEST_CASE("a capture without exchanges makes an empty tape") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.capture_time = true;
  const auto stats = started(std::move(options))->finish().value();
  CHECK(stats.seen == 0);
  CHECK(rows_in(directory / "a.tape") == 0);
}

TEST_CASE("after the row that was asked for nothing more is seen") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.stop_after = 10;
  auto recorder = started(std::move(options));
  test::PartSource source(*recorder);
  for (int i = 0; i < 1000; ++i) source.exchange(kStart);
  const auto stats = recorder->finish().value();
  CHECK(stats.full);
  CHECK(stats.seen == 10);
  CHECK(stats.recorded == 10);
  CHECK(rows_in(directory / "a.tape") == 10);
}

TEST_CASE("trouble with the path shows before traffic does") {
  const test::TempDirectory directory;
  const auto error_of = [](RecorderOptions options) {
    auto recorder = Recorder::create(std::move(options), system_clock());
    REQUIRE_FALSE(recorder.has_value());
    return recorder.error().message;
  };
  CHECK(error_of(into(directory / "missing/a.tape")).find("missing/a.tape") != std::string::npos);
  CHECK(error_of(into("/dev/full")).find("No space left") != std::string::npos);
  std::ofstream(directory / "old.tape") << "something";
  CHECK(error_of(into(directory / "old.tape")).find("--force") != std::string::npos);
  RecorderOptions rotated = into(directory / "a.tape");
  rotated.rotate_size = 1_MiB;
  CHECK(error_of(std::move(rotated)).find("rotation needs a directory") != std::string::npos);
}

TEST_CASE("the account is the fields of a JSON object") {
  RecorderStats stats;
  stats.seen = 10;
  stats.recorded = 5;
  stats.filtered = 2;
  stats.filtered_by = {{"filter", 1}, {"sample", 1}};
  stats.dropped = 1;
  stats.dropped_by = {{"queue_full", 1}};
  stats.incomplete = 2;
  stats.incomplete_by = {{"cut_off", 2}};
  stats.bytes = 1234;
  JsonWriter json;
  json.begin_object();
  stats.write_fields(json);
  json.end_object();
  CHECK(json.text() == R"({"seen":10,"recorded":5,"filtered":2,"dropped":1,"incomplete":2,"reasons":{)"
                       R"("filtered":{"filter":1,"sample":1},"dropped":{"queue_full":1},"incomplete":{"cut_off":2}},)"
                       R"("tape_bytes":1234})");
}

TEST_CASE("a loss is a drop, or an incomplete exchange that is not so by nature") {
  RecorderStats stats;
  stats.incomplete_by = {{"cut_off", 2}, {"aborted", 1}};
  CHECK_FALSE(stats.has_loss());
  stats.incomplete_by["capture_memory"] = 1;
  CHECK(stats.has_loss());
  stats = {};
  stats.dropped = 1;
  CHECK(stats.has_loss());
}

}  // namespace
}  // namespace tapedeck::capture
