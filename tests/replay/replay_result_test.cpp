#include "replay/replay_result.hpp"

#include <doctest/doctest.h>
#include <simdjson.h>

#include "replay/judge_run.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::replay;

namespace {

const ReplayOptions kDefaults;

ReplayResult small_result() {
  ReplayResult result;
  result.planned = 12;
  result.skipped = {{"method", 2}};
  result.sent = 10;
  result.answered = 9;
  result.failed = {{"reset", 1}};
  result.on_time = 9;
  result.late = {{"connection", 1}};
  result.errors = 1;
  result.speed = 10;
  result.wall = 1500ms;
  result.latency.add(250us, 9);
  result.lateness.add(1us, 9);
  result.lateness.add(2ms, 1);
  return result;
}

}  // namespace

TEST_CASE("the JSON holds every field of the contract") {
  ReplayResult result = small_result();
  result.thresholds = {{"p99 > 300ms", 250, true}};
  simdjson::dom::parser parser;
  const std::string text = result.to_json();
  simdjson::dom::element json = parser.parse(text);
  for (const char* key :
       {"planned",    "skipped",     "sent",         "answered",     "failed",       "speed",
        "wall_s",     "offered_rps", "achieved_rps", "lateness_us",  "latency_us",   "recorded_latency_us",
        "comparison", "clusters",    "thresholds",   "verdict",      "valid",        "partial",
        "unselected", "on_time",     "late",         "unbelievable", "latency_from", "service_us"}) {
    CHECK_MESSAGE(json[key].error() == simdjson::SUCCESS, key);
  }
  for (const char* key : {"compared", "identical", "different", "not_compared", "no_answer", "identical_by"}) {
    CHECK_MESSAGE(json["comparison"][key].error() == simdjson::SUCCESS, key);
  }
  CHECK(std::uint64_t(json["skipped"]["method"]) == 2);
  CHECK(std::uint64_t(json["late"]["connection"]) == 1);
  CHECK(double(json["wall_s"]) == 1.5);
  CHECK(double(json["lateness_us"]["p90"]) == doctest::Approx(1).epsilon(0.01));
  CHECK(double(json["lateness_us"]["max"]) == 2000);
  CHECK(double(json["latency_us"]["p999"]) == doctest::Approx(250).epsilon(0.01));
  CHECK(std::string_view(json["latency_from"]) == "due");
  CHECK(std::string_view(json["thresholds"].at(0)["expr"]) == "p99 > 300ms");
  CHECK(json["verdict"].is_null());
}

TEST_CASE("the exit status is the first that applies of trouble, unsafe, undecided, loss") {
  ReplayResult result = small_result();
  CHECK(result.exit_status() == 0);
  result.tape_damage.lost = 1;
  CHECK(result.exit_status() == 4);
  result.conclusion.verdict = diff::Verdict::undecided;
  CHECK(result.exit_status() == 3);
  result.thresholds = {{"p99 > 1ms", 2000, false}};
  CHECK(result.exit_status() == 1);
  result.thresholds.clear();
  result.aborted = true;
  CHECK(result.exit_status() == 1);
  result.answered = 0;
  CHECK(result.exit_status() == 2);
}

TEST_CASE("the error rate counts requests that were skipped because the target was too slow") {
  ReplayResult result = small_result();
  CHECK(result.error_rate() == doctest::Approx(0.1));
  result.skipped["expired"] = 10;
  result.errors = 11;
  CHECK(result.error_rate() == doctest::Approx(0.55));
}

TEST_CASE("a generator that is late at p99 makes the run invalid; at the maximum only, unbelievable there") {
  ReplayResult result = small_result();
  result.generator_lateness.add(1us, 999);
  result.generator_lateness.add(5ms, 1);
  judge_run(result, kDefaults, {});
  CHECK(result.valid);
  CHECK(result.unbelievable == std::vector<std::string>{"max"});

  ReplayResult late = small_result();
  late.generator_lateness.add(1us, 90);
  late.generator_lateness.add(5ms, 10);
  judge_run(late, kDefaults, {});
  CHECK_FALSE(late.valid);
  CHECK(late.unbelievable == std::vector<std::string>{"p99", "p999", "max"});
}

TEST_CASE("answers that lay unread spoil latencies like lateness does") {
  ReplayResult result = small_result();
  Histogram unread;
  unread.add(3ms, 10);
  judge_run(result, kDefaults, unread);
  CHECK_FALSE(result.valid);
}

TEST_CASE("a threshold that is crossed is not ok, and shows its value in microseconds") {
  ReplayResult result = small_result();
  ReplayOptions options;
  options.fail_on = {*Threshold::parse("p50 > 100us"), *Threshold::parse("error_rate > 50%"),
                     *Threshold::parse("p99 > 1h")};
  judge_run(result, options, {});
  REQUIRE(result.thresholds.size() == 3);
  CHECK_FALSE(result.thresholds[0].ok);
  CHECK(result.thresholds[0].value == doctest::Approx(250).epsilon(0.01));
  CHECK(result.thresholds[1].ok);
  CHECK(result.thresholds[1].value == doctest::Approx(0.1));
  CHECK_FALSE(result.thresholds[2].ok);  // one of ten was never answered
}
