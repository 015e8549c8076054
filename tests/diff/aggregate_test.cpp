#include "diff/aggregate.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "diff/conclusion.hpp"
#include "tests/diff/answers.hpp"

using namespace tapedeck;
using namespace tapedeck::diff;

namespace {

/// Compares two answers to `target` and counts the pair.
void add_pair(Aggregate& all, std::uint64_t ordinal, const std::string& target, const Answer& a, const Answer& b) {
  const http::Exchange primary = exchange_of(a, target, ordinal);
  all.add(primary, static_cast<std::uint16_t>(b.status), Differ().compare(primary, exchange_of(b, target, ordinal)));
}

std::string uuid(std::uint64_t n) {
  std::string digits = "3fa85f64-5717-4562-b3fc-000000000000";
  for (std::size_t i = digits.size(); n != 0; n /= 16) digits[--i] = "0123456789abcdef"[n % 16];
  return digits;
}

std::string order(std::uint64_t n, const std::string& price) {
  return R"({"id":)" + std::to_string(n) + R"(,"price":)" + price + "}";
}

}  // namespace

TEST_CASE("the fingerprint of a cell is the documented hash of its fields") {
  const CellKey key{{"GET", "/orders/{id}"}, 200,        200,      Location::body,
                    "/items/*/price",        Kind::type, "number", "string"};
  CHECK(fingerprint(key) == "f0f9b39513e04cde");
}

TEST_CASE("pairs are counted once a cell, by endpoint") {
  Aggregate all;
  for (std::uint64_t n = 1; n <= 10; ++n) {
    add_pair(all, n, "/orders/" + std::to_string(n), {.body = order(n, "5")},
             {.body = order(n, n <= 3 ? "\"5\"" : "5")});
  }
  CHECK(all.compared() == 10);
  CHECK(all.identical() == 7);
  CHECK(all.different() == 3);
  REQUIRE(all.cells().size() == 1);
  const auto& [key, cell] = *all.cells().begin();
  CHECK(to_string(key.endpoint) == "GET /orders/{id}");
  CHECK(key.path == "/price");
  CHECK(cell.pairs == 3);
  CHECK(all.endpoints().at(key.endpoint).pairs == 10);
  CHECK(all.endpoints().at(key.endpoint).different == 3);
}

TEST_CASE("examples are those with the smallest ids, whatever the order") {
  Aggregate all;
  for (const std::uint64_t n : {9u, 4u, 7u, 1u, 8u}) {
    add_pair(all, n, "/orders/" + std::to_string(n), {.body = order(n, "5")}, {.body = order(n, "6")});
  }
  const auto& examples = all.cells().begin()->second.examples;
  REQUIRE(examples.size() == 3);
  CHECK(examples[0].request == "GET /orders/1");
  CHECK(examples[1].request == "GET /orders/4");
  CHECK(examples[2].request == "GET /orders/7");
  CHECK(examples[0].primary == "5");
  CHECK(examples[0].candidate == "6");
  CHECK(examples[0].curl == "-H 'Host: shop.example' ");
}

TEST_CASE("merged parts say what the whole says, in any order") {
  Aggregate whole, parts[3];
  for (std::uint64_t n = 1; n <= 60; ++n) {
    const Answer a{.body = order(n, "5")};
    const Answer b{.body = n % 4 == 0 ? order(n, "6") : n % 7 == 0 ? "oops" : order(n, "5")};
    add_pair(whole, n, "/orders/" + std::to_string(n), a, b);
    add_pair(parts[n % 3], n, "/orders/" + std::to_string(n), a, b);
  }
  const auto written = [](const Aggregate& all) {
    JsonWriter json;
    json.begin_array();
    write_comparison(json, all);
    write_clusters(json, conclude(all, {}));
    json.end_array();
    return json.take();
  };
  std::vector<int> order_of_parts{0, 1, 2};
  do {
    Aggregate merged;
    for (const int i : order_of_parts) merged.merge(parts[i]);
    CHECK(written(merged) == written(whole));
  } while (std::next_permutation(order_of_parts.begin(), order_of_parts.end()));
}

TEST_CASE("values made up anew each time are noise, and such pairs are identical by noise") {
  Aggregate all;
  for (std::uint64_t n = 1; n <= 25; ++n) {
    add_pair(all, n, "/orders/7", {.body = R"({"trace":")" + uuid(n) + "\"}"},
             {.body = R"({"trace":")" + uuid(n + 1000) + "\"}"});
  }
  CHECK(all.different() == 0);
  CHECK(all.identical() == 25);
  CHECK(all.identical_by().at("noise") == 25);
  const Conclusion conclusion = conclude(all, {});
  CHECK(conclusion.verdict == Verdict::safe);
  REQUIRE(conclusion.clusters.size() == 1);
  CHECK(conclusion.clusters[0].noise == "generated");
  CHECK(conclusion.clusters[0].count == 25);
}

TEST_CASE("a uuid that stays the same from answer to answer is no noise") {
  Aggregate all;
  for (std::uint64_t n = 1; n <= 25; ++n) {
    add_pair(all, n, "/orders/7", {.body = R"({"owner":")" + uuid(1) + "\"}"},
             {.body = R"({"owner":")" + uuid(2) + "\"}"});
  }
  CHECK(all.different() == 25);
  CHECK(conclude(all, {}).verdict == Verdict::unsafe);
}

TEST_CASE("fewer than 20 pairs are too few to call something noise") {
  Aggregate all;
  for (std::uint64_t n = 1; n <= 19; ++n) {
    add_pair(all, n, "/orders/7", {.body = R"({"trace":")" + uuid(n) + "\"}"},
             {.body = R"({"trace":")" + uuid(n + 1000) + "\"}"});
  }
  CHECK(all.different() == 19);
}

TEST_CASE("a uuid that became a word is found beside the noise of the same field") {
  Aggregate all;
  for (std::uint64_t n = 1; n <= 50; ++n) {
    add_pair(all, n, "/orders/7", {.body = R"({"trace":")" + uuid(n) + "\"}"},
             {.body = R"({"trace":")" + (n == 30 ? "error" : uuid(n + 1000)) + "\"}"});
  }
  CHECK(all.different() == 1);
  const Conclusion conclusion = conclude(all, {});
  CHECK(conclusion.verdict == Verdict::unsafe);
  REQUIRE(conclusion.clusters.size() == 2);
  CHECK(conclusion.clusters[0].key.kind == Kind::value_class);
  CHECK_FALSE(conclusion.clusters[0].noise.has_value());
}

TEST_CASE("integers that rise in a connection on both sides are a counter") {
  Aggregate all;
  const auto add = [&](std::uint64_t n, std::uint64_t candidate) {
    http::Exchange primary = exchange_of({.body = R"({"serial":)" + std::to_string(n * 3) + "}"}, "/next", n);
    primary.sequence = static_cast<std::uint32_t>(n);
    all.add(primary, 200,
            Differ().compare(primary,
                             exchange_of({.body = R"({"serial":)" + std::to_string(candidate) + "}"}, "/next", n)));
  };
  for (std::uint64_t n = 1; n <= 30; ++n) add(n, 5000 + n);
  CHECK(all.different() == 0);
  CHECK(conclude(all, {}).clusters.at(0).noise == "counter");
}

TEST_CASE("the current time is noise from the first pair on") {
  Aggregate all;
  add_pair(all, 1, "/now", {.body = R"({"at":1790000001})"}, {.body = R"({"at":1789999999})"});
  CHECK(all.different() == 0);
  CHECK(conclude(all, {}).clusters.at(0).noise == "now");
}

TEST_CASE("what the built-in rules hide is counted") {
  Aggregate all;
  add_pair(all, 1, "/", {.headers = "Server: a\r\nDate: x\r\n"}, {.headers = "Server: b\r\nDate: y\r\n"});
  CHECK(all.different() == 0);
  const std::map<std::string, std::uint64_t> expected{{"header:date presence", 1}, {"header:server ignore", 1}};
  CHECK(all.hidden_by_rules() == expected);
}

TEST_CASE("more endpoints than the cap go to one row, and the numbers say they are not exact") {
  Aggregate all;
  for (std::uint64_t n = 0; n < 4100; ++n)
    add_pair(all, n, "/a" + std::string(n % 64, 'x') + "/b" + std::string(n / 64, 'y'), {}, {});
  CHECK_FALSE(all.exact());
  CHECK(all.endpoints().size() == 4097);
  CHECK(all.compared() == 4100);
  CHECK(conclude(all, {}).verdict == Verdict::undecided);
}
