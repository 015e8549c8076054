#include <algorithm>
#include <set>

#include "tests/capture/recorder_fixture.hpp"

namespace tapedeck::capture {
namespace {

TEST_CASE("what a source hands over in parts is on the tape, in order of the first byte") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"));
  const auto slow = bench.source.begin(kStart + 1ms);
  bench.source.exchange(kStart + 2ms, "quick");
  bench.source.respond(slow, kStart + 3ms, 404);
  bench.source.body(slow, kStart + 4ms, "slow");
  bench.source.end(slow, kStart + 4ms);
  const RecorderStats stats = bench.finish();
  CHECK(stats.seen == 2);
  CHECK(stats.recorded == 2);
  CHECK(stats.in_flight == 0);
  CHECK_FALSE(stats.has_loss());
  CHECK(stats.bytes == std::filesystem::file_size(directory / "a.tape"));
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(targets(exchanges) == std::vector<std::string>{"/1", "/2"});
  CHECK(exchanges[0].status == 404);
  CHECK(exchanges[0].response.body.bytes == "slow");
  CHECK(exchanges[1].response.body.bytes == "quick");
}

TEST_CASE("an answered exchange is in the file 1.1 s after its last byte") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"));
  bench.source.exchange(kStart);
  CHECK(bench.stats().in_flight == 1);
  bench.pass(1s);
  bench.pass(100ms);
  CHECK(bench.stats().recorded == 1);
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/1"});  // not sealed, and yet there
}

TEST_CASE("what the filter refuses is counted and not written") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.filter = http::Filter::parse("status >= 500").value();
  Bench bench(std::move(options));
  bench.source.exchange(kStart, "", 200);
  bench.source.exchange(kStart, "", 503);
  const RecorderStats stats = bench.finish();
  CHECK(stats.filtered_by == std::map<std::string, std::uint64_t>{{"filter", 1}});
  CHECK(stats.recorded == 1);
  CHECK_FALSE(stats.has_loss());
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/2"});
}

TEST_CASE("an exchange that ends with a reason is incomplete, one that the proxy answered is recorded") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"));
  const auto aborted = bench.source.begin(kStart);
  bench.source.end(aborted, kStart, http::Reason::aborted);
  const auto torn = bench.source.begin(kStart);
  bench.source.end(torn, kStart, http::Reason::tcp_gap);
  const auto refused = bench.source.begin(kStart);
  http::FlagSet flags;
  flags.set(http::Flag::answered_by_proxy);
  flags.set(http::Flag::upstream_unreachable);
  bench.source.end(refused, kStart, http::Reason::none, flags);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 1);
  CHECK(stats.incomplete_by == std::map<std::string, std::uint64_t>{{"aborted", 1}, {"tcp_gap", 1}});
  CHECK(stats.has_loss());
  CHECK(read(directory / "a.tape").size() == 3);
}

TEST_CASE("what is open at the end is on the tape as cut off") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"));
  bench.source.begin(kStart);
  const RecorderStats stats = bench.finish();
  CHECK(stats.incomplete_by == std::map<std::string, std::uint64_t>{{"cut_off", 1}});
  CHECK_FALSE(stats.has_loss());
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].flags.has(http::Flag::cut_off));
  CHECK(exchanges[0].reason == http::Reason::cut_off);
}

TEST_CASE("open exchanges beyond the memory lose their largest bodies, not the others") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.filter = http::Filter::parse("status >= 200").value();  // cannot say yet what may leave for the tape
  Bench bench(std::move(options), 200'000);
  const auto large = bench.source.begin(kStart), small = bench.source.begin(kStart);
  bench.source.respond(large, kStart);
  bench.source.respond(small, kStart);
  bench.source.body(small, kStart, "small");
  for (int i = 0; i < 40; ++i) bench.source.body(large, kStart, noise(10'000));
  CHECK(bench.core->memory() <= 200'000);
  bench.source.end(small, kStart);
  bench.source.end(large, kStart);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 1);
  CHECK(stats.incomplete_by == std::map<std::string, std::uint64_t>{{"capture_memory", 1}});
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(exchanges.size() == 2);
  CHECK(exchanges[0].response.body.bytes == "small");
  CHECK(exchanges[1].response.body.state == http::BodyState::omitted);
  CHECK(exchanges[1].response.body.omitted_because == http::OmittedBecause::capture_memory);
  CHECK(exchanges[1].response.body.wire_length == 400'000);
}

TEST_CASE("more open exchanges than the memory holds: those that arrive are dropped, counted and noted") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"), 50'000);
  for (int i = 0; i < 1000; ++i) bench.source.begin(kStart);
  CHECK(bench.core->memory() <= 50'000);
  const RecorderStats stats = bench.finish();
  CHECK(stats.seen == 1000);
  CHECK(stats.dropped > 900);
  CHECK(stats.dropped_by == std::map<std::string, std::uint64_t>{{"capture_memory", stats.dropped}});
  CHECK(stats.incomplete == 1000 - stats.dropped);
  CHECK(read(directory / "a.tape").size() == stats.incomplete);
  auto reader = format::TapeReader::open(directory / "a.tape");
  CHECK(reader->summary().value().losses.at("capture_memory").exchanges == stats.dropped);
}

TEST_CASE("losses of the source are in the account and on the tape") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"));
  http::Loss loss;
  loss.reason = http::Reason::paused;
  loss.exchanges = 3;
  loss.bytes = 500;
  bench.lost(loss);
  bench.lost(loss);
  loss.reason = http::Reason::kernel_drop;
  loss.exchanges = 0;
  loss.packets = 7;
  bench.lost(loss);
  const RecorderStats stats = bench.finish();
  CHECK(stats.seen == 6);
  CHECK(stats.dropped_by == std::map<std::string, std::uint64_t>{{"paused", 6}});
  auto reader = format::TapeReader::open(directory / "a.tape");
  const auto losses = reader->summary().value().losses;
  CHECK(losses.at("paused").exchanges == 6);
  CHECK(losses.at("paused").bytes == 1000);
  CHECK(losses.at("kernel_drop").packets == 7);
}

TEST_CASE("the recording's first note is the caller's") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.note_json = R"({"tool":"tapedeck"})";
  Bench(std::move(options)).finish();
  CHECK(format::TapeReader::open(directory / "a.tape")->summary().value().recording_note == R"({"tool":"tapedeck"})");
}

TEST_CASE("the recording ends with the row that was asked for") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.stop_after = 2;
  Bench bench(std::move(options));
  const auto open = bench.source.begin(kStart);
  for (int i = 0; i < 5; ++i) bench.source.exchange(kStart);
  bench.source.end(open, kStart);
  CHECK(bench.stats().full);
  const RecorderStats stats = bench.finish();
  CHECK(stats.seen == 2);
  CHECK(stats.recorded == 2);
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/2", "/3"});
}

TEST_CASE("a full disk costs what is not in the file yet; with room the same file goes on") {
  const test::TempDirectory directory;
  test::SmallDisk disk;
  RecorderOptions options = into(directory / "a.tape");
  options.create_sink = disk.create_sink();
  Bench bench(std::move(options));
  bench.source.exchange(kStart, noise(1000));
  bench.pass(1s);
  bench.pass(100ms);
  CHECK(bench.stats().recorded == 1);

  disk.room = 10;
  bench.source.exchange(bench.now, noise(1000));
  bench.pass(1s);
  bench.pass(100ms);
  bench.pass(100ms);
  RecorderStats stats = bench.stats();
  CHECK(stats.disk_trouble);
  CHECK(stats.trouble == "cannot write: the disk is small");
  CHECK(stats.dropped_by == std::map<std::string, std::uint64_t>{{"disk_full", 1}});
  bench.source.exchange(bench.now);
  CHECK(bench.stats().dropped == 2);
  bench.pass(5s);  // tried again, and still no room
  CHECK(bench.stats().disk_trouble);

  disk.room = 1 << 20;
  bench.pass(4900ms);
  CHECK(bench.stats().disk_trouble);
  bench.pass(100ms);
  CHECK_FALSE(bench.stats().disk_trouble);
  bench.source.exchange(bench.now);
  stats = bench.finish();
  CHECK(stats.recorded == 2);
  CHECK(stats.dropped == 2);
  CHECK(stats.in_flight == 0);
  CHECK(stats.has_loss());
  CHECK(stats.bytes == std::filesystem::file_size(directory / "a.tape"));
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/1", "/4"});
  CHECK(format::TapeReader::open(directory / "a.tape")->summary().value().losses.at("disk_full").exchanges == 2);
}

TEST_CASE("trouble that cannot be cut back leaves a torn end, and what follows is readable") {
  const test::TempDirectory directory;
  test::SmallDisk disk;
  disk.failure = boost::system::errc::make_error_code(boost::system::errc::io_error);
  RecorderOptions options = into(directory / "a.tape");
  options.create_sink = disk.create_sink();
  Bench bench(std::move(options));
  bench.source.exchange(kStart);
  bench.pass(1s);
  bench.pass(100ms);
  disk.room = 300;
  disk.cuts_back = false;
  bench.source.exchange(bench.now, noise(5000));
  bench.pass(1s);
  bench.pass(100ms);
  disk.room = 1 << 20;
  bench.pass(5s);
  bench.source.exchange(bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.dropped_by == std::map<std::string, std::uint64_t>{{"io_error", 1}});
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/1", "/3"});
}

TEST_CASE("in a directory trouble starts a new file and leaves no empty ones") {
  const test::TempDirectory directory;
  test::SmallDisk disk;
  RecorderOptions options = into(directory.path());
  options.create_sink = disk.create_sink();
  Bench bench(std::move(options));
  bench.source.exchange(kStart);
  bench.pass(1s);
  bench.pass(100ms);
  disk.room = 0;
  bench.source.exchange(bench.now);
  for (int i = 0; i < 30; ++i) bench.pass(1s);
  CHECK(bench.stats().disk_trouble);
  CHECK(files_in(directory.path()).size() == 1);
  disk.room = 1 << 20;
  bench.pass(5s);
  bench.source.exchange(bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 2);
  CHECK(files_in(directory.path()).size() == 2);
  CHECK(targets(read(directory.path())) == std::vector<std::string>{"/1", "/3"});
}

TEST_CASE("trouble at the very end drops what did not reach the file") {
  const test::TempDirectory directory;
  test::SmallDisk disk;
  RecorderOptions options = into(directory / "a.tape");
  options.create_sink = disk.create_sink();
  Bench bench(std::move(options));
  bench.source.exchange(kStart);
  disk.room = 0;
  const RecorderStats stats = bench.finish();
  CHECK(stats.dropped_by == std::map<std::string, std::uint64_t>{{"disk_full", 1}});
  CHECK(stats.in_flight == 0);
  CHECK(stats.disk_trouble);
}

TEST_CASE("below the free space to keep nothing is recorded, and then it goes on") {
  const test::TempDirectory directory;
  ByteSize free = 3_GiB;
  RecorderOptions options = into(directory / "a.tape");
  options.keep_free = 1_GiB;
  options.free_space = [&free](const std::filesystem::path&) { return free; };
  Bench bench(std::move(options));
  bench.source.exchange(kStart);
  free = 1000_MiB;
  bench.pass(1s);
  CHECK(bench.stats().disk_trouble);
  bench.source.exchange(bench.now);
  bench.pass(1s);
  CHECK(bench.stats().recorded == 1);  // what was taken before still reaches the file
  free = 1_GiB;
  bench.pass(1s);
  CHECK_FALSE(bench.stats().disk_trouble);
  bench.source.exchange(bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.dropped_by == std::map<std::string, std::uint64_t>{{"disk_full", 1}});
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/1", "/3"});
}

TEST_CASE("a directory takes a new file when the old one is large") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "new/");
  options.rotate_size = 200_KiB;
  Bench bench(std::move(options));
  for (unsigned i = 0; i < 60; ++i) bench.source.exchange(bench.now, noise(10'000, i));
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 60);
  const auto files = files_in(directory / "new");
  REQUIRE(files.size() == 3);
  CHECK(files[0].filename() == "20260921T141320Z-abcdef01-000000.tape");
  CHECK(files[2].filename() == "20260921T141320Z-abcdef01-000002.tape");
  std::uint64_t bytes = 0;
  for (const auto& file : files) {
    CHECK(format::TapeReader::open(file)->verify().value().intact());
    bytes += std::filesystem::file_size(file);
  }
  CHECK(stats.bytes == bytes);
  CHECK(read(directory / "new").size() == 60);
}

TEST_CASE("a directory takes a new file when the old one is old, but no empty ones") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory.path());
  options.rotate_every = 10min;
  Bench bench(std::move(options));
  bench.source.exchange(bench.now);
  bench.pass(10min);
  for (int i = 0; i < 10; ++i) bench.pass(10min);
  bench.source.exchange(bench.now);
  bench.finish();
  const auto files = files_in(directory.path());
  REQUIRE(files.size() == 2);
  CHECK(files[1].filename() == "20260921T142320Z-abcdef01-000001.tape");
  CHECK(read(directory.path()).size() == 2);
}

TEST_CASE("the sum holds and the tape has what the account says, whatever happens") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const test::TempDirectory directory;
    test::SmallDisk disk;
    RecorderOptions options = into(seed % 2 == 0 ? directory.path() : directory / "a.tape");
    options.create_sink = disk.create_sink();
    if (seed % 2 == 0) options.rotate_size = 100_KiB;
    options.filter = http::Filter::parse("status != 404").value();
    options.max_body = 20_KiB;
    const auto out = options.out;
    Bench bench(std::move(options), 300'000);
    std::mt19937 random(seed);
    const auto chance = [&random](unsigned percent) { return random() % 100 < percent; };
    std::vector<std::uint64_t> open;
    std::uint64_t begun = 0;
    for (unsigned step = 0; step < 2000; ++step) {
      if (chance(40)) {
        open.push_back(bench.source.begin(bench.now));
        ++begun;
      }
      if (!open.empty() && chance(60)) {
        const std::size_t which = random() % open.size();
        const std::uint64_t exchange = open[which];
        if (chance(50)) {
          bench.source.body(exchange, bench.now, noise(random() % 30'000, step), http::Side::request);
        } else {
          bench.source.respond(exchange, bench.now, chance(20) ? 404 : 200);
          bench.source.end(exchange, bench.now, chance(10) ? http::Reason::aborted : http::Reason::none);
          open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
        }
      }
      if (chance(10)) bench.pass(std::chrono::milliseconds(random() % 2000));
      if (chance(1)) disk.room = random() % 20'000;
      if (chance(3)) disk.room = 1 << 30;
      const RecorderStats stats = bench.stats();
      REQUIRE(stats.seen == begun);
      REQUIRE(bench.core->memory() <= 300'000);
    }
    disk.room = 1 << 30;
    const RecorderStats stats = bench.finish();
    CHECK(stats.seen == begun);
    CHECK(stats.in_flight == 0);
    CHECK(stats.recorded > 0);
    std::uint64_t whole = 0, incomplete = 0;
    std::set<std::string> ids;
    for (const auto& exchange : read(out)) {
      (exchange.reason == http::Reason::none ? whole : incomplete) += 1;
      ids.insert(to_string(exchange.id));
    }
    CHECK(whole == stats.recorded);
    CHECK(incomplete == stats.incomplete);
    CHECK(ids.size() == whole + incomplete);
  }
}

}  // namespace
}  // namespace tapedeck::capture
