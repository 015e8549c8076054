#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "format/tape_writer.hpp"
#include "replay/replay.hpp"
#include "replay/tape_pairs.hpp"
#include "tests/replay/sample_result.hpp"

using namespace tapedeck;
using namespace tapedeck::replay;

namespace {

constexpr Time kStart = time_from_ns(1'790'000'000'000'000'000);

/// A folder for tapes that goes away again.
class Folder {
 public:
  Folder() : x_path(std::filesystem::temp_directory_path() / ("tapedeck-diff-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(x_path);
  }
  ~Folder() { std::filesystem::remove_all(x_path); }

  /// A tape of these exchanges, one a millisecond apart, in this order.
  std::filesystem::path write(const std::string& name, std::uint8_t recording, std::vector<http::Exchange> exchanges) {
    const auto path = x_path / name;
    auto sink = format::create_file_sink(path, format::Overwrite::refuse);
    REQUIRE(sink.has_value());
    format::TapeOptions options;
    options.workers = 0;
    options.sync = format::Sync::never;
    options.recording.emplace().fill(recording);
    auto writer = format::TapeWriter::create(std::move(*sink), options, kStart);
    REQUIRE(writer.has_value());
    Time now = kStart;
    for (http::Exchange& exchange : exchanges) {
      now += std::chrono::milliseconds(1);
      exchange.request.first = exchange.request.last = now;
      exchange.response.first = exchange.response.last = now + std::chrono::microseconds(500);
      REQUIRE(writer->append(exchange, now).has_value());
    }
    REQUIRE(writer->seal(now).has_value());
    return path;
  }

 private:
  std::filesystem::path x_path;
};

/// An exchange whose id the tape gives.
http::Exchange fresh(const std::string& target, const std::string& body) {
  http::Exchange exchange = sample_exchange(0, target, 200, body);
  exchange.id = {};
  return exchange;
}

TapeDiffResult diff_of(const std::filesystem::path& a, const std::filesystem::path& b, const std::string& filter = "") {
  TapeDiffOptions options;
  options.primary = a;
  options.candidate = b;
  if (!filter.empty()) options.filter = http::Filter::parse(filter).value();
  auto result = diff_tapes(options, {});
  REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().message));
  return *std::move(result);
}

}  // namespace

TEST_CASE("tapes of one recording pair by id, in whatever order they stand") {
  Folder folder;
  const auto a = folder.write("a.tape", 1,
                              {sample_exchange(1, "/a", 200, "[1]"), sample_exchange(2, "/b", 200, "[2]"),
                               sample_exchange(3, "/c", 200, "[3]")});
  const auto b = folder.write("b.tape", 2,
                              {sample_exchange(3, "/c", 200, "[3]"), sample_exchange(1, "/v2/a", 200, "[1]"),
                               sample_exchange(2, "/b", 200, "[9]")});
  const TapeDiffResult result = diff_of(a, b);
  CHECK(result.pairs == 3);
  CHECK(result.comparison.identical() == 2);
  CHECK(result.comparison.different() == 1);
  CHECK(result.exit_status() == 1);
}

TEST_CASE("tapes of different recordings pair the k-th equal request with the k-th") {
  Folder folder;
  const auto a = folder.write("a.tape", 1, {fresh("/x", "[1]"), fresh("/y", "[5]"), fresh("/x", "[2]")});
  const auto b = folder.write("b.tape", 2, {fresh("/y", "[5]"), fresh("/x", "[1]"), fresh("/x", "[2]")});
  const TapeDiffResult result = diff_of(a, b);
  CHECK(result.comparison.identical() == 3);
  CHECK(result.exit_status() == 0);
}

TEST_CASE("requests that differ in their body are not the same request") {
  Folder folder;
  http::Exchange one = fresh("/search", "[1]");
  one.request.body.state = http::BodyState::kept;
  one.request.body.bytes = "q=lamp";
  http::Exchange two = one;
  two.request.body.bytes = "q=sofa";
  two.response.body.bytes = "[2]";
  const TapeDiffResult result = diff_of(folder.write("a.tape", 1, {one, two}), folder.write("b.tape", 2, {two, one}));
  CHECK(result.comparison.identical() == 2);
}

TEST_CASE("exchanges without a partner are counted, on either side") {
  Folder folder;
  const auto a = folder.write("a.tape", 1, {fresh("/x", "[1]"), fresh("/only-a", "[1]")});
  const auto b = folder.write("b.tape", 2, {fresh("/x", "[1]"), fresh("/x", "[1]"), fresh("/only-b", "[1]")});
  const TapeDiffResult result = diff_of(a, b);
  CHECK(result.pairs == 4);
  CHECK(result.comparison.compared() == 1);
  CHECK(result.comparison.not_compared().at("unpaired") == 3);
  CHECK(result.conclusion.verdict == diff::Verdict::undecided);
  CHECK(result.exit_status() == 3);
}

TEST_CASE("a tape of a replay in a loop is compared by its first pass") {
  Folder folder;
  const auto a =
      folder.write("a.tape", 1, {sample_exchange(1, "/a", 200, "[1]"), sample_exchange(2, "/b", 200, "[2]")});
  const auto b = folder.write("b.tape", 2,
                              {sample_exchange(1, "/a", 200, "[1]"), sample_exchange(2, "/b", 200, "[2]"),
                               sample_exchange(1, "/a", 200, "[7]"), sample_exchange(2, "/b", 200, "[7]")});
  const TapeDiffResult result = diff_of(a, b);
  CHECK(result.pairs == 2);
  CHECK(result.comparison.identical() == 2);
  CHECK(result.later_passes == 2);
}

TEST_CASE("the filter sees the primary's exchange of a pair") {
  Folder folder;
  const auto a = folder.write("a.tape", 1, {fresh("/x", "[1]"), fresh("/y", "[1]")});
  const auto b = folder.write("b.tape", 2, {fresh("/x", "[2]"), fresh("/y", "[2]")});
  const TapeDiffResult result = diff_of(a, b, "path == \"/x\"");
  CHECK(result.pairs == 1);
  CHECK(result.comparison.different() == 1);
}

TEST_CASE("a threshold on the difference rate decides, and is in the JSON") {
  Folder folder;
  TapeDiffOptions options;
  options.primary = folder.write("a.tape", 1, {fresh("/x", "[1]"), fresh("/y", "[1]")});
  options.candidate = folder.write("b.tape", 2, {fresh("/x", "[1]"), fresh("/y", "[2]")});
  options.fail_on.push_back(Threshold::parse("difference_rate > 60%").value());
  auto result = diff_tapes(options, {});
  REQUIRE(result.has_value());
  CHECK(result->conclusion.verdict == diff::Verdict::safe);
  CHECK(result->to_json().find(R"("thresholds":[{"expr":"difference_rate > 60%","value":0.5,"ok":true}])") !=
        std::string::npos);
  options.fail_on = {Threshold::parse("difference_rate > 40%").value()};
  result = diff_tapes(options, {});
  REQUIRE(result.has_value());
  CHECK(result->exit_status() == 1);
}

TEST_CASE("a comparison that is stopped is partial, and nothing is called unpaired") {
  Folder folder;
  TapeDiffOptions options;
  options.primary = folder.write("a.tape", 1, {fresh("/x", "[1]")});
  options.candidate = folder.write("b.tape", 2, {fresh("/x", "[1]")});
  std::stop_source stop;
  stop.request_stop();
  const auto result = diff_tapes(options, stop.get_token());
  REQUIRE(result.has_value());
  CHECK(result->partial);
  CHECK(result->pairs == 0);
  CHECK(result->conclusion.verdict == diff::Verdict::undecided);
}

TEST_CASE("a tape that is none is an error that names it") {
  TapeDiffOptions options;
  options.primary = "/no/such.tape";
  options.candidate = "/no/such.tape";
  const auto result = diff_tapes(options, {});
  REQUIRE(result.has_error());
  CHECK(result.error().message.find("/no/such.tape") != std::string::npos);
}

TEST_CASE("what waits for its partner is let go beyond the memory limit and read again") {
  const http::Exchange one = sample_exchange(1, "/a", 200, std::string(1000, 'a'));
  const http::Exchange two = sample_exchange(2, "/b", 200, std::string(1000, 'b'));
  int reloads = 0;
  PairingTable table(2000, [&](TapeSide, const http::ExchangeId& id) {
    ++reloads;
    return Result<http::Exchange>(id == one.id ? one : two);
  });
  for (const http::Exchange& exchange : {one, two}) {
    REQUIRE(table.put(TapeSide::primary, hash_of(exchange.id), exchange).has_value());
  }
  CHECK(table.bytes() <= 2000);
  for (const http::Exchange& exchange : {two, one}) {
    auto pair = table.put(TapeSide::candidate, hash_of(exchange.id), exchange);
    REQUIRE(pair.has_value());
    REQUIRE(pair->has_value());
    CHECK((*pair)->primary.response.body.bytes == exchange.response.body.bytes);
  }
  CHECK(reloads == 1);
  CHECK(table.bytes() == 0);
}
