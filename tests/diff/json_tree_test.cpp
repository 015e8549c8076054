#include "diff/json_tree.hpp"

#include <doctest/doctest.h>

#include "diff/json_scalar.hpp"

using namespace tapedeck::diff;

namespace {

JsonTree parse(std::string text, TreeLimits limits = {}) { return JsonTree::parse(std::move(text), limits, 7); }
std::uint64_t hash_of(std::string text) {
  const JsonTree tree = parse(std::move(text));
  REQUIRE(tree.ok());
  return tree.node(0).hash;
}

}  // namespace

TEST_CASE("nodes stand in document order, with spans and sizes") {
  const JsonTree tree = parse(R"( {"a": [1, "x" ], "b": null } )");
  REQUIRE(tree.ok());
  REQUIRE(tree.nodes().size() == 5);
  CHECK(tree.node(0).nodes == 5);
  CHECK(tree.token(0) == R"({"a": [1, "x" ], "b": null })");
  CHECK(tree.token(1) == R"([1, "x" ])");
  CHECK(tree.raw_key(1) == "a");
  CHECK(tree.token(2) == "1");
  CHECK(tree.token(3) == R"("x")");
  CHECK(tree.raw_key(4) == "b");
  CHECK(tree.children(0) == std::vector<std::uint32_t>{1, 4});
}

TEST_CASE("what is no JSON is refused, though the parser's structure alone would pass it") {
  for (const char* text : {"",           " ",         "nulx",          "[nulx]",       "[01]",
                           "[1.]",       "[.5]",      "[+1]",          "[1e]",         "[-]",
                           "[0x1]",      "[NaN]",     "12 34",         "1,",           "\"a\" \"b\"",
                           "\"a",        R"(["\x"])", R"(["\u12G4"])", R"({"\q":1})",  "[1 2]",
                           "[1,]",       "[,1]",      "{\"a\"}",       "{\"a\":}",     "{\"a\":1,}",
                           "{a:1}",      "{\"a\" 1}", "[1}",           "{\"a\":[1,2}", "[1]]",
                           "[1] 2",      "[1],",      "[[1]",          "{\"a\":1",     "[\"a\nb\"]",
                           "[\"\xFF\"]", "[1 , 2"}) {
    CAPTURE(text);
    CHECK(parse(text).failure() == JsonFailure::invalid);
  }
}

TEST_CASE("what is JSON is accepted") {
  for (const char* text :
       {"1", " 12 ", "-0", "1E400", "123456789012345678901234567890", "\"\"", "true", "null", "[]", "{}", "[[],{}]",
        R"(["\ud800"])", R"("\"\\\/\b\f\n\r\t\u00e9")", "\xEF\xBB\xBF[1]", "[1\t,\r\n2]"}) {
    CAPTURE(text);
    CHECK(parse(text).ok());
  }
}

TEST_CASE("hashes are of values, not of their spelling") {
  CHECK(hash_of("[100]") == hash_of("[1e2]"));
  CHECK(hash_of("[0]") == hash_of("[-0.0e5]"));
  CHECK(hash_of("[0.001]") == hash_of("[1E-3]"));
  CHECK(hash_of(R"(["\u0041\/"])") == hash_of(R"(["A/"])"));
  CHECK(hash_of(R"(["\ud83d\ude00"])") == hash_of("[\"\xF0\x9F\x98\x80\"]"));
  CHECK(hash_of(R"({"a":1,"b":2})") == hash_of(R"({"b":2,"a":1})"));
}

TEST_CASE("different values have different hashes") {
  CHECK(hash_of("[1,2]") != hash_of("[2,1]"));
  CHECK(hash_of("[12345678901234567890]") != hash_of("[12345678901234567891]"));
  CHECK(hash_of(R"(["1"])") != hash_of("[1]"));
  CHECK(hash_of("[null]") != hash_of(R"(["null"])"));
  CHECK(hash_of("[[]]") != hash_of("[{}]"));
  CHECK(hash_of("[[1],2]") != hash_of("[[1,2]]"));
  CHECK(hash_of(R"({"a":{"b":1}})") != hash_of(R"({"b":{"a":1}})"));
  CHECK(hash_of(R"({"a":1,"b":2})") != hash_of(R"({"a":2,"b":1})"));
  CHECK(hash_of("[1e999999999999999999999]") != hash_of("[1e999999999999999999998]"));
  CHECK(hash_of("[-1]") != hash_of("[1]"));
}

TEST_CASE("limits are kept") {
  CHECK(parse(std::string(600, '[') + std::string(600, ']')).failure() == JsonFailure::too_large);
  CHECK(parse(std::string(500, '[') + std::string(500, ']')).ok());
  CHECK(parse("[1,2,3,4]", {.bytes = 100, .nodes = 4, .depth = 4}).failure() == JsonFailure::too_large);
  CHECK(parse("[1,2,3]", {.bytes = 100, .nodes = 4, .depth = 4}).ok());
  CHECK(parse("[1,2,3]", {.bytes = 6, .nodes = 4, .depth = 4}).failure() == JsonFailure::too_large);
}

TEST_CASE("decimals") {
  CHECK(parse_decimal("120.50") == Decimal{false, "1205", 3});
  CHECK(parse_decimal("-0.00e9") == Decimal{});
  CHECK(parse_decimal("1e-2") == parse_decimal("0.01"));
  CHECK_FALSE(parse_decimal("1e").has_value());
  CHECK(differs_by_rounding("0.30000000000000004", "0.3"));
  CHECK_FALSE(differs_by_rounding("1000000001", "1000000002"));
  CHECK_FALSE(differs_by_rounding("1e400", "2e400"));
}
