#include "diff/conclusion.hpp"

#include <doctest/doctest.h>

#include "diff/wording.hpp"
#include "tests/diff/answers.hpp"

using namespace tapedeck;
using namespace tapedeck::diff;

namespace {

Aggregate pairs(std::uint64_t equal, std::uint64_t different, std::uint64_t uncompared = 0) {
  Aggregate all;
  const http::Exchange primary = exchange_of({.body = R"({"total":10})"});
  const PairResult same = Differ().compare(primary, primary);
  const PairResult other = Differ().compare(primary, exchange_of({.body = R"({"total":"10"})"}));
  PairResult skipped;
  skipped.outcome = Outcome::not_compared;
  skipped.not_compared = "body_cut";
  for (std::uint64_t i = 0; i < equal; ++i) all.add(primary, 200, same);
  for (std::uint64_t i = 0; i < different; ++i) all.add(primary, 200, other);
  for (std::uint64_t i = 0; i < uncompared; ++i) all.add(primary, 0, skipped);
  return all;
}

}  // namespace

TEST_CASE("Wilson's interval") {
  const auto check = [](std::uint64_t hits, std::uint64_t of, double low, double high) {
    CAPTURE(hits);
    CHECK(wilson95(hits, of).low == doctest::Approx(low).epsilon(1e-4));
    CHECK(wilson95(hits, of).high == doctest::Approx(high).epsilon(1e-4));
  };
  check(0, 1000, 0, 0.003827);
  check(5, 1000, 0.002138, 0.011651);
  check(10, 10, 0.722467, 1);
}

TEST_CASE("Clopper and Pearson's bounds") {
  CHECK(upper_bound(0, 50, 0.05) == doctest::Approx(0.058155).epsilon(1e-4));
  CHECK(upper_bound(1, 20, 0.05) == doctest::Approx(0.216106).epsilon(1e-4));
  CHECK(lower_bound(5, 1000, 0.05) == doctest::Approx(0.001972).epsilon(1e-3));
  CHECK(lower_bound(20, 20, 0.05) == doctest::Approx(0.860892).epsilon(1e-4));
}

TEST_CASE("the rule of three: pairs without a difference that exclude a rate") {
  CHECK(upper_bound(0, 299, 0.05) < 0.01);
  CHECK(upper_bound(0, 298, 0.05) > 0.01);
  CHECK(upper_bound(0, 2995, 0.05) < 0.001);
  CHECK(upper_bound(1, 473, 0.05) < 0.01);
  CHECK(upper_bound(1, 472, 0.05) > 0.01);
  CHECK(upper_bound(1, 4742, 0.05) < 0.001);
}

TEST_CASE("all alike is SAFE, with what that proves") {
  const Conclusion conclusion = conclude(pairs(50, 0), {});
  CHECK(conclusion.verdict == Verdict::safe);
  CHECK(conclusion.sentence == "0 of 50 pairs differ; a rate below 5.8 % of such traffic is not excluded (95 %).");
}

TEST_CASE("one confirmed difference is UNSAFE, in words") {
  const Conclusion conclusion = conclude(pairs(99, 1), {});
  CHECK(conclusion.verdict == Verdict::unsafe);
  REQUIRE(conclusion.clusters.size() == 1);
  CHECK(conclusion.clusters[0].sentence ==
        "GET /orders/{id} 200: body:/total number -> string in 1.0 % [0.18, 5.4] of 100");
}

TEST_CASE("nothing compared is UNDECIDED") {
  CHECK(conclude(pairs(0, 0), {}).verdict == Verdict::undecided);
  CHECK(conclude(pairs(0, 0, 5), {}).verdict == Verdict::undecided);
}

TEST_CASE("more than 5 % not compared is UNDECIDED, 5 % is not") {
  CHECK(conclude(pairs(95, 0, 5), {}).verdict == Verdict::safe);
  const Conclusion conclusion = conclude(pairs(94, 0, 6), {});
  CHECK(conclusion.verdict == Verdict::undecided);
  REQUIRE(conclusion.reasons.size() == 1);
  CHECK(conclusion.reasons[0] == "6 of 100 answers were not compared (body_cut 6); 5 % is the limit");
}

TEST_CASE("facts of the run that leave it UNDECIDED") {
  RunFacts partial;
  partial.partial = true;
  CHECK(conclude(pairs(100, 0), partial).verdict == Verdict::undecided);
  RunFacts late;
  late.generator_late = true;
  CHECK(conclude(pairs(100, 0), late).verdict == Verdict::safe);
  late.latency_judged = true;
  CHECK(conclude(pairs(100, 0), late).verdict == Verdict::undecided);
}

TEST_CASE("a threshold crossed is UNSAFE, whatever else") {
  RunFacts facts;
  facts.threshold_crossed = facts.thresholds_given = facts.partial = true;
  const Conclusion conclusion = conclude(pairs(100, 0), facts);
  CHECK(conclusion.verdict == Verdict::unsafe);
  CHECK(conclusion.sentence == "0 of 100 pairs differ; a threshold was crossed.");
}

TEST_CASE("a threshold on the difference rate replaces the single difference") {
  RunFacts facts;
  facts.thresholds_given = facts.difference_threshold_given = true;
  CHECK(conclude(pairs(99, 1), facts).verdict == Verdict::safe);
}

TEST_CASE("with comparison off there is a verdict only on thresholds") {
  RunFacts facts;
  facts.comparison_off = true;
  CHECK_FALSE(conclude(pairs(0, 0, 9), facts).verdict.has_value());
  facts.thresholds_given = true;
  CHECK(conclude(pairs(0, 0, 9), facts).verdict == Verdict::safe);
  facts.threshold_crossed = true;
  CHECK(conclude(pairs(0, 0, 9), facts).verdict == Verdict::unsafe);
}

TEST_CASE("differences that always come together are one cluster, led by the gravest") {
  Aggregate all;
  for (std::uint64_t n = 1; n <= 40; ++n) {
    const http::Exchange primary = exchange_of({.body = R"({"total":10,"cur":"EUR","note":"a"})"}, "/orders/1", n);
    all.add(primary, 200,
            Differ().compare(primary, exchange_of({.body = n % 2 != 0 ? R"({"total":"10","cur":"USD","note":"a"})"
                                                                      : R"({"total":10,"cur":"EUR","note":"b"})"})));
  }
  const Conclusion conclusion = conclude(all, {});
  REQUIRE(conclusion.clusters.size() == 2);
  CHECK(conclusion.clusters[0].key.path == "/total");
  CHECK(conclusion.clusters[0].members == std::vector<std::string>{"body:/cur has another value"});
  CHECK(conclusion.clusters[1].key.path == "/note");
}

TEST_CASE("shares are written with two significant digits") {
  CHECK(percent(0.042) == "4.2 %");
  CHECK(percent(0.00037) == "0.037 %");
  CHECK(percent(1) == "100 %");
  CHECK(percent(0) == "0 %");
  CHECK(percent(0.123) == "12.3 %");
  CHECK(grouped(8120) == "8,120");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(grouped(12) == "12");
}
