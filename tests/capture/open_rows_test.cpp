// Exchanges and bodies that leave for the tape while they are under way.
#include <map>
#include <set>

#include "tests/capture/recorder_fixture.hpp"

namespace tapedeck::capture {
namespace {

/// A request whose body has this length; without one it is chunked, so that nobody knows when it is whole.
std::uint64_t begin_upload(Bench& bench, Time at, std::optional<std::size_t> length = {}) {
  const std::uint64_t exchange = 1000 + static_cast<std::uint64_t>(at.time_since_epoch().count() % 1000);
  http::BeginPart begin;
  auto connection = std::make_shared<http::Connection>();
  connection->number = 5;
  begin.connection = std::move(connection);
  bench.take({exchange, at, begin});
  const std::string framing = length ? "Content-Length: " + std::to_string(*length) : "Transfer-Encoding: chunked";
  const std::string head = "POST /up HTTP/1.1\r\nHost: test\r\n" + framing + "\r\n\r\n";
  bench.take({exchange, at, http::HeadPart{http::Side::request, as_bytes(head), at, 0}});
  return exchange;
}

TEST_CASE("an exchange that is open after 2 s is on the tape, and nothing waits for it") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"));
  const auto slow = bench.source.begin(kStart);
  bench.pass(1900ms);
  CHECK(targets(read(directory / "a.tape")).empty());
  bench.pass(100ms);
  bench.advance(bench.now);
  bench.source.exchange(bench.now, "quick");
  bench.pass(1s);
  const auto under_way = read(directory / "a.tape");
  REQUIRE(targets(under_way) == std::vector<std::string>{"/1", "/2"});
  CHECK(under_way[0].reason == http::Reason::cut_off);
  CHECK(under_way[1].response.body.bytes == "quick");
  auto reader = format::TapeReader::open(directory / "a.tape");
  CHECK(reader->damage().covered_until == kStart + 2s);  // 1 s ago
  CHECK(bench.stats().in_flight == 1);

  bench.pass(1h);
  bench.source.respond(slow, bench.now, 201);
  bench.source.body(slow, bench.now, "at last");
  bench.source.end(slow, bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 2);
  CHECK(stats.incomplete == 0);
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(targets(exchanges) == std::vector<std::string>{"/1", "/2"});
  CHECK(exchanges[0].status == 201);
  CHECK(exchanges[0].response.body.bytes == "at last");
  CHECK(exchanges[0].response.last - exchanges[0].request.first == bench.now - kStart);
  CHECK(exchanges[0].flags == http::FlagSet());
  CHECK(format::TapeReader::open(directory / "a.tape")->verify().value().intact());
}

TEST_CASE("a body larger than the memory leaves in parts, and is whole on the tape") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"), 600'000);
  const auto large = bench.source.begin(kStart);
  bench.source.respond(large, kStart);
  std::string expected;
  for (unsigned i = 0; i < 200; ++i) {
    expected += noise(20'000, i);
    bench.source.body(large, bench.now, std::string_view(expected).substr(expected.size() - 20'000));
    CHECK(bench.core->memory() <= 600'000);
    if (i % 20 == 0) bench.pass(300ms);
  }
  bench.source.end(large, bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 1);
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].response.body.bytes == expected);
  CHECK(exchanges[0].flags == http::FlagSet());
  CHECK(format::TapeReader::open(directory / "a.tape")->verify().value().intact());
}

TEST_CASE("many open exchanges with bodies under way, more than the memory holds: nothing is lost") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"), 2 << 20);
  std::vector<std::uint64_t> open;
  for (unsigned i = 0; i < 500; ++i) open.push_back(bench.source.begin(kStart));
  for (const std::uint64_t exchange : open) bench.source.respond(exchange, kStart);
  for (unsigned round = 0; round < 10; ++round) {
    for (const std::uint64_t exchange : open) {
      bench.source.body(exchange, bench.now, noise(2000, static_cast<unsigned>(exchange) * 16 + round));
      REQUIRE(bench.core->memory() <= 2 << 20);
    }
    bench.pass(500ms);
  }
  for (const std::uint64_t exchange : open) bench.source.end(exchange, bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 500);
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(exchanges.size() == 500);
  for (const auto& exchange : exchanges) {
    std::string expected;
    for (unsigned round = 0; round < 10; ++round) {
      expected += noise(2000, (exchange.sequence + 1) * 16 + round);
    }
    REQUIRE(exchange.response.body.bytes == expected);
  }
}

TEST_CASE("a large body finds its way out though open exchanges hold nearly all of the memory") {
  const test::TempDirectory directory;
  constexpr std::uint64_t kMemory = 2 << 20;
  Bench bench(into(directory / "a.tape"), kMemory);
  std::vector<std::uint64_t> open;
  while (bench.core->memory() < kMemory - 20'000) {
    open.push_back(bench.source.begin(kStart));
    bench.source.respond(open.back(), kStart);
  }
  const auto large = bench.source.begin(kStart);
  bench.source.respond(large, kStart);
  std::string expected;
  for (unsigned i = 0; i < 100; ++i) {
    const std::string piece = noise(30'000, i);
    expected += piece;
    bench.source.body(large, bench.now, piece);
    bench.source.body(open[i % open.size()], bench.now, piece.substr(0, 200));
    REQUIRE(bench.core->memory() <= kMemory);
    if (i % 20 == 0) bench.pass(300ms);
  }
  bench.source.end(large, bench.now);
  for (const std::uint64_t exchange : open) bench.source.end(exchange, bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.dropped == 0);
  CHECK(stats.incomplete == 0);
  CHECK(stats.recorded == open.size() + 1);
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(exchanges.size() == open.size() + 1);
  CHECK(exchanges[0].response.body.bytes == expected);  // it ended first
  CHECK(exchanges[1].response.body.bytes == noise(30'000, 0).substr(0, 200));
}

TEST_CASE("memory follows neither the body nor the exchanges under way: a body through it 100 times its size") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.max_body = 1_GiB;
  Bench bench(std::move(options), 4 << 20);
  for (unsigned i = 0; i < 1000; ++i) bench.source.begin(kStart);
  const auto large = bench.source.begin(kStart);
  bench.source.respond(large, kStart);
  std::string piece = noise(64 * 1024);
  std::uint64_t most = 0;
  std::uint64_t most_of_tape = 0;
  constexpr std::uint64_t kBody = 400 << 20;
  for (std::uint64_t sent = 0; sent < kBody; sent += piece.size()) {
    piece[static_cast<std::size_t>(sent / piece.size() % piece.size())] ^= 1;
    bench.source.body(large, bench.now, piece);
    if (sent % (4 << 20) == 0) bench.pass(100ms);
    most = std::max(most, bench.core->memory());
    most_of_tape = std::max(most_of_tape, bench.core->tape_memory());
  }
  bench.source.end(large, bench.now);
  CHECK(most <= 4 << 20);
  CHECK(most_of_tape <= 8 << 20);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 1);
  CHECK(stats.incomplete_by == std::map<std::string, std::uint64_t>{{"cut_off", 1000}});
  auto reader = format::TapeReader::open(directory / "a.tape");
  auto cursor = reader->in_time_order({}, format::Bodies::skip);
  std::uint64_t largest = 0;
  while (const auto next = cursor.next().value()) {
    largest = std::max(largest, next->response.body.wire_length.value_or(0));
  }
  CHECK(largest == kBody);
}

TEST_CASE("bytes of a slow body are on the tape 10 s after they came, with the chunk's second") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"));
  const auto upload = begin_upload(bench, kStart);
  bench.source.body(upload, kStart, "first ", http::Side::request);
  bench.pass(2s);
  bench.pass(1s);
  CHECK(read(directory / "a.tape").at(0).request.body.bytes == "first ");
  bench.source.body(upload, bench.now, "second ", http::Side::request);
  bench.pass(9900ms);
  CHECK(read(directory / "a.tape").at(0).request.body.bytes == "first ");
  bench.pass(100ms);
  CHECK(read(directory / "a.tape").at(0).request.body.bytes == "first second ");
  bench.source.body(upload, bench.now, "third", http::Side::request);
  bench.source.respond(upload, bench.now);
  bench.source.end(upload, bench.now);
  bench.finish();
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].request.body.bytes == "first second third");
  CHECK(exchanges[0].flags == http::FlagSet());
}

TEST_CASE("what a filter cannot decide yet stays in memory until it can") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.filter = http::Filter::parse("status == 200").value();
  Bench bench(std::move(options));
  const auto kept = bench.source.begin(kStart);
  const auto refused = bench.source.begin(kStart);
  bench.pass(1min);
  bench.pass(1s);
  bench.pass(1s);
  CHECK(read(directory / "a.tape").empty());
  bench.source.respond(kept, bench.now, 200);
  bench.source.end(kept, bench.now);
  bench.source.respond(refused, bench.now, 404);
  bench.source.end(refused, bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 1);
  CHECK(stats.filtered == 1);
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/1"});
}

TEST_CASE("what a filter refuses by its request is given up after 2 s") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.filter = http::Filter::parse("path == /2").value();
  Bench bench(std::move(options));
  const auto refused = bench.source.begin(kStart);
  const auto kept = bench.source.begin(kStart);
  bench.pass(2s);
  CHECK(bench.stats().filtered == 1);
  CHECK(bench.stats().in_flight == 1);
  for (const auto exchange : {refused, kept}) {
    bench.source.respond(exchange, bench.now);
    bench.source.end(exchange, bench.now);
  }
  const RecorderStats stats = bench.finish();
  CHECK(stats.filtered == 1);
  CHECK(stats.recorded == 1);
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/2"});
}

TEST_CASE("a full disk ends what is under way: what the tape has of it says why, the rest is dropped") {
  const test::TempDirectory directory;
  test::SmallDisk disk;
  RecorderOptions options = into(directory / "a.tape");
  options.create_sink = disk.create_sink();
  Bench bench(std::move(options));
  const auto written = bench.source.begin(kStart);
  bench.pass(2s);
  bench.pass(1s);  // its opening row is in the file
  const auto unwritten = bench.source.begin(bench.now);
  const auto large = bench.source.begin(bench.now);
  bench.source.respond(large, bench.now);
  disk.room = 100;
  bench.pass(2s);
  bench.source.body(large, bench.now, noise(300'000));
  bench.pass(100ms);
  bench.pass(100ms);
  CHECK(bench.stats().disk_trouble);
  disk.room = 1 << 20;
  bench.pass(5s);
  for (const auto exchange : {written, unwritten, large}) {
    bench.source.respond(exchange, bench.now);
    bench.source.end(exchange, bench.now);
  }
  bench.source.exchange(bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 1);
  CHECK(stats.incomplete_by == std::map<std::string, std::uint64_t>{{"disk_full", 1}});
  CHECK(stats.dropped_by == std::map<std::string, std::uint64_t>{{"disk_full", 2}});
  CHECK(stats.in_flight == 0);
  CHECK(stats.has_loss());
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(targets(exchanges) == std::vector<std::string>{"/1", "/4"});
  CHECK(exchanges[0].reason == http::Reason::disk_full);
  CHECK(exchanges[0].flags.has(http::Flag::response_missing));
  CHECK(format::TapeReader::open(directory / "a.tape")->summary().value().losses.at("disk_full").exchanges == 2);
}

TEST_CASE("below the free space to keep, what is under way is cut off") {
  const test::TempDirectory directory;
  ByteSize free = 3_GiB;
  RecorderOptions options = into(directory / "a.tape");
  options.keep_free = 1_GiB;
  options.free_space = [&free](const std::filesystem::path&) { return free; };
  Bench bench(std::move(options));
  const auto upload = begin_upload(bench, kStart);
  bench.source.body(upload, kStart, "begun", http::Side::request);
  const auto open = bench.source.begin(kStart + 1ms);
  bench.pass(2s);
  free = 1000_MiB;
  bench.pass(1s);
  CHECK(bench.stats().disk_trouble);
  free = 2_GiB;
  bench.pass(1s);
  for (const auto exchange : {upload, open}) bench.source.end(exchange, bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.incomplete_by == std::map<std::string, std::uint64_t>{{"disk_full", 2}});
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(exchanges.size() == 2);
  CHECK(exchanges[0].request.body.bytes == "begun");
  CHECK(exchanges[0].flags.has(http::Flag::request_truncated));
  CHECK_FALSE(exchanges[1].flags.has(http::Flag::request_truncated));
  CHECK(format::TapeReader::open(directory / "a.tape")->verify().value().intact());
}

TEST_CASE("the rows asked for count from their opening, and are waited for") {
  const test::TempDirectory directory;
  RecorderOptions options = into(directory / "a.tape");
  options.stop_after = 2;
  Bench bench(std::move(options));
  const auto slow = bench.source.begin(kStart);
  bench.pass(2s);
  const auto open = bench.source.begin(bench.now);
  bench.source.exchange(bench.now);
  CHECK_FALSE(bench.stats().full);
  bench.source.exchange(bench.now);  // one too many
  bench.source.end(open, bench.now);
  bench.source.respond(slow, bench.now);
  bench.source.end(slow, bench.now);
  CHECK(bench.stats().full);
  const RecorderStats stats = bench.finish();
  CHECK(stats.seen == 2);
  CHECK(stats.recorded == 2);
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/1", "/3"});
}

TEST_CASE("a large gap in a body takes no memory") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"), 1 << 20);
  const auto torn = bench.source.begin(kStart);
  bench.source.respond(torn, kStart);
  bench.source.body(torn, kStart, "before");
  bench.take({torn, kStart, http::GapPart{http::Side::response, 20 << 20}});
  CHECK(bench.core->memory() <= 1 << 20);
  bench.source.body(torn, kStart, "behind");
  bench.source.end(torn, kStart, http::Reason::tcp_gap);
  bench.finish();
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].gaps == std::vector<http::BodyGap>{{http::Side::response, 6, 20 << 20}});
  CHECK(exchanges[0].response.body.bytes == "before" + std::string(20 << 20, '\0') + "behind");
}

TEST_CASE("one that no row can hold is dropped when it ends, and nothing else suffers") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"));
  const auto other = bench.source.begin(kStart);
  const std::uint64_t upload = begin_upload(bench, kStart, 300'000);
  bench.source.body(upload, kStart, noise(300'000), http::Side::request);
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: " + std::string(200'000, 'x') + "\r\n\r\n";
  for (int i = 0; i < 6; ++i) bench.take({upload, kStart, http::InterimPart{as_bytes(interim)}});
  bench.pass(2s);
  bench.pass(100ms);
  bench.pass(100ms);
  bench.source.respond(other, bench.now);
  bench.source.end(other, bench.now);
  bench.source.respond(upload, bench.now);
  bench.source.end(upload, bench.now);
  const RecorderStats stats = bench.finish();
  CHECK(stats.recorded == 1);
  CHECK(stats.dropped_by == std::map<std::string, std::uint64_t>{{"head_limit", 1}});
  CHECK(stats.incomplete == 0);
  CHECK(targets(read(directory / "a.tape")) == std::vector<std::string>{"/1"});
}

TEST_CASE("what comes behind a request that was whole is told, not kept") {
  const test::TempDirectory directory;
  Bench bench(into(directory / "a.tape"));
  const auto odd = bench.source.begin(kStart);  // a GET
  bench.pass(2s);
  bench.source.body(odd, bench.now, "more", http::Side::request);
  bench.source.respond(odd, bench.now);
  bench.source.end(odd, bench.now);
  CHECK(bench.finish().recorded == 1);
  const auto exchanges = read(directory / "a.tape");
  REQUIRE(exchanges.size() == 1);
  CHECK(exchanges[0].request.body.bytes.empty());
  CHECK(exchanges[0].flags.has(http::Flag::request_truncated));
}

}  // namespace
}  // namespace tapedeck::capture
