#include <doctest/doctest.h>

#include "tests/diff/answers.hpp"

using namespace tapedeck;
using namespace tapedeck::diff;

TEST_CASE("an exact pointer for the example, a general path for the aggregate") {
  const PairResult result = compare_json(R"({"items":[{"sku":"a","price":1},{"sku":"b","price":2}]})",
                                         R"({"items":[{"sku":"a","price":1},{"sku":"b","price":3}]})");
  REQUIRE(result.differences.size() == 1);
  CHECK(result.differences[0].path == "/items/*/price");
  CHECK(result.differences[0].pointer == "/items/1/price");
  CHECK(result.differences[0].primary == "2");
  CHECK(result.differences[0].candidate == "3");
}

TEST_CASE("kinds of scalars") {
  const auto kind = [](const char* a, const char* b) {
    return lines_of(compare_json(std::string("[") + a + "]", std::string("[") + b + "]"));
  };
  CHECK(kind("17", "\"17\"") == "body:/* type number->string\n");
  CHECK(kind("null", "0") == "body:/* type null->number\n");
  CHECK(kind("true", "false") == "body:/* value\n");
  CHECK(kind("17", "18") == "body:/* value\n");
  CHECK(kind("0.1", "0.10000000000000001") == "body:/* rounding\n");
  CHECK(kind("12345678901234567890", "12345678901234567891") == "body:/* value\n");
  CHECK(kind("\"3fa85f64-5717-4562-b3fc-2c963f66afa6\"", "\"error\"") == "body:/* class uuid->word\n");
  CHECK(kind("\"red\"", "\"deep red\"") == "body:/* value\n");
  CHECK(kind("\"red\"", "\"\"") == "body:/* class word->empty\n");
}

TEST_CASE("two times near their own answers are now; far from them, a value") {
  // noon() is 2026-09-21T14:13:20Z
  CHECK(lines_of(compare_json(R"({"at":"2026-09-21T14:13:19Z"})", R"({"at":"2026-09-21T14:13:25Z"})")) ==
        "body:/at now\n");
  CHECK(lines_of(compare_json(R"({"at":1790000001})", R"({"at":1789999999})")) == "body:/at now\n");
  CHECK(lines_of(compare_json(R"({"at":"2026-09-20T13:33:19Z"})", R"({"at":"2026-09-20T13:33:25Z"})")) ==
        "body:/at value\n");
}

TEST_CASE("members missing and added") {
  CHECK(lines_of(compare_json(R"({"a":1,"b":{"c":2}})", R"({"b":{"d":2},"e":3})")) ==
        "body:/a missing\nbody:/b/c missing\nbody:/b/d added\nbody:/e added\n");
}

TEST_CASE("of members with one name the last is the value") {
  CHECK(lines_of(compare_json(R"({"a":1,"a":2})", R"({"a":2})")) == "body:/a duplicate_key\n");
  CHECK(lines_of(compare_json(R"({"a":1,"a":2})", R"({"a":2,"a":1})")) == "body:/a value\n");
  CHECK(lines_of(compare_json(R"({"a":9,"a":2})", R"({"a":1,"a":2})")) == "");
}

TEST_CASE("a permuted array is one order") {
  CHECK(lines_of(compare_json("[1,2,3,4]", "[1,3,2,4]")) == "body: order\n");
  CHECK(lines_of(compare_json(R"({"t":[{"id":1},{"id":2}]})", R"({"t":[{"id":2},{"id":1}]})")) == "body:/t order\n");
}

TEST_CASE("objects with a key are matched by it, wherever they stand") {
  const PairResult result = compare_json(R"([{"id":1,"n":"a"},{"id":2,"n":"b"},{"id":3,"n":"c"},{"id":4,"n":"d"}])",
                                         R"([{"id":4,"n":"d"},{"id":2,"n":"B"},{"id":3,"n":"c"},{"id":5,"n":"e"}])");
  CHECK(pointers_of(result) == "/0 missing\n/1/n value\n/3 added\n order\n");
}

TEST_CASE("an element inserted in the middle is one added, not a shift of all behind it") {
  CHECK(pointers_of(compare_json("[1,2,3,4,5]", "[1,2,9,3,4,5]")) == "/2 added\n");
  CHECK(pointers_of(compare_json("[[1],[2],[3],[4]]", "[[1],[2],[4]]")) == "/2 missing\n");
}

TEST_CASE("elements without a key pair with the one they resemble") {
  const PairResult result = compare_json(R"([{"a":[1],"b":[2],"c":[3]},{"a":[7],"b":[8],"c":[9]}])",
                                         R"([{"a":[0]},{"a":[1],"b":[2],"c":[4]},{"a":[7],"b":[8],"c":[0]}])");
  CHECK(pointers_of(result) == "/0/c/0 value\n/1/c/0 value\n/0 added\n");
}

TEST_CASE("keys that name things make a dictionary") {
  CHECK(lines_of(compare_json(R"({"17":{"n":1},"18":{"n":2}})", R"({"17":{"n":1},"18":{"n":3}})")) ==
        "body:/{}/n value\n");
}

TEST_CASE("keys that look like wildcards are escaped in general paths") {
  const PairResult result = compare_json(R"({"*":1,"{}":1,"a/b":1,"c~d":1})", R"({"*":2,"{}":2,"a/b":2,"c~d":2})");
  CHECK(lines_of(result) == "body:/~2 value\nbody:/a~1b value\nbody:/c~0d value\nbody:/~3 value\n");
  CHECK(pointers_of(result) == "/* value\n/a~1b value\n/c~0d value\n/{} value\n");
}

TEST_CASE("a link to the own host equals the other side's link to itself") {
  http::Exchange a = exchange_of({.body = R"({"next":"http://shop.example/orders?page=2"})"});
  http::Exchange b = exchange_of({.body = R"({"next":"http://new.example:80/orders?page=2"})"});
  b.request.head = "GET /orders/17 HTTP/1.1\r\nHost: new.example\r\n\r\n";
  CHECK(Differ().compare(a, b).identical_by == "form");
  b.response.body.bytes = R"({"next":"http://new.example/orders?page=3"})";
  CHECK(lines_of(Differ().compare(a, b)) == "body:/next value\n");
}

TEST_CASE("a secret is not shown") {
  const PairResult result =
      compare_json(R"({"t":"eyJhbGciOiJIUzI1NiJ9.e30.abc"})", R"({"t":"eyJhbGciOiJIUzI1NiJ9.e30.xyz"})");
  REQUIRE(result.differences.size() == 1);
  CHECK(result.differences[0].primary == "<jwt, 28 bytes>");
}

TEST_CASE("what the recording redacted is compared by presence only") {
  CHECK(lines_of(compare_json(R"({"user":"td1.8f3c"})", R"({"user":"ann"})")) == "");
  CHECK(lines_of(compare_json(R"({"user":"td1.8f3c"})", R"({})")) == "body:/user missing\n");
}
