#include <filesystem>

#include <doctest/doctest.h>
#include <unistd.h>

#include "format/byte_sink.hpp"
#include "format/tape_writer.hpp"
#include "replay/replay.hpp"
#include "tests/support/recorded_traffic.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::replay;

namespace {

/// A tape file for the length of a test.
class TapeFile {
 public:
  TapeFile(const std::vector<http::Exchange>& exchanges, const char* name)
      : x_path(std::filesystem::temp_directory_path() /
               ("tapedeck-replay-" + std::to_string(::getpid()) + "-" + name + ".tape")) {
    const Time now = time_from_ns(test::RecordedTraffic::kStart);
    auto writer =
        format::TapeWriter::create(*format::create_file_sink(x_path, format::Overwrite::force), {}, now).value();
    for (const http::Exchange& exchange : exchanges) REQUIRE(writer.append(exchange, now).has_value());
    REQUIRE(writer.seal(now).has_value());
  }
  ~TapeFile() { std::filesystem::remove(x_path); }
  const std::filesystem::path& path() const { return x_path; }

 private:
  std::filesystem::path x_path;
};

}  // namespace

TEST_CASE("tapes are replayed in the order of recorded time, and their sums hold") {
  test::RecordedTraffic odd, even;
  for (int i = 0; i < 20; ++i) {
    (i % 2 == 0 ? even : odd)
        .add({1, 2ms * i, test::RecordedTraffic::get("/" + std::to_string(i)),
              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
  }
  const TapeFile first(odd.exchanges(), "odd"), second(even.exchanges(), "even");
  test::ScriptedServer server;
  ReplayOptions options;
  options.tapes = {first.path(), second.path()};
  options.target = server.origin();
  options.open_ahead = 20ms;
  const auto result = run_replay(options, system_clock(), {}, {});
  REQUIRE(result.has_value());
  CHECK(result->planned == 20);
  CHECK(result->answered == 20);
  CHECK(result->comparison.identical() == 20);
  CHECK(result->tape_damage.intact());
  CHECK(result->offered_rps == doctest::Approx(500));
  CHECK(server.requests().size() == 20);
}

TEST_CASE("a tape that cannot be read is an error that names it") {
  ReplayOptions options;
  options.tapes = {"/nonexistent/prod.tape"};
  const auto result = run_replay(options, system_clock(), {}, {});
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("/nonexistent/prod.tape") != std::string::npos);
}
