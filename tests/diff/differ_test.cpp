#include "diff/differ.hpp"

#include <doctest/doctest.h>

#include "http/content_coding.hpp"
#include "tests/diff/answers.hpp"

using namespace tapedeck;
using namespace tapedeck::diff;

TEST_CASE("equal bytes are identical by bytes") {
  const PairResult result = compare_json(R"({"a":1})", R"({"a":1})");
  CHECK(result.outcome == Outcome::identical);
  CHECK(result.identical_by == "bytes");
}

TEST_CASE("one content under two codings is identical by decoded") {
  const std::string plain = R"({"items":[1,2,3]})";
  const auto coded = http::encode_content("gzip", as_bytes(plain));
  REQUIRE(coded.has_value());
  const PairResult result = compare(
      {.body = plain}, {.headers = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", .body = *coded});
  CHECK(result.outcome == Outcome::identical);
  CHECK(result.identical_by == "decoded");
}

TEST_CASE("another spelling of the same JSON is identical by form") {
  for (const auto* other : {R"({"b":[1,2],"a":1})", R"( { "a" : 1.0 , "b" : [ 1e0, 20E-1 ] } )",
                            R"({"\u0061":1,"b":[1,2]})", "\xEF\xBB\xBF{\"a\":1,\"b\":[1,2]}"}) {
    CAPTURE(other);
    const PairResult result = compare_json(R"({"a":1,"b":[1,2]})", other);
    CHECK(lines_of(result) == "");
    CHECK(result.identical_by == "form");
  }
}

TEST_CASE("another status class masks the rest") {
  const PairResult result = compare({200, "X-A: 1\r\n", "x"}, {500, "X-A: 2\r\n", "y"});
  CHECK(lines_of(result) == "status: status 200->500\n");
}

TEST_CASE("another status of the same class is one difference beside the others") {
  const PairResult result = compare({.status = 200, .body = R"({"a":1})"}, {.status = 201, .body = R"({"a":2})"});
  CHECK(lines_of(result) == "status: status 200->201\nbody:/a value\n");
}

TEST_CASE("a candidate without an answer is no_answer, not a difference of fields") {
  http::Exchange none = exchange_of({});
  none.status = 0;
  none.response = {};
  none.flags.set(http::Flag::response_missing);
  none.flags.set(http::Flag::upstream_timeout);
  const PairResult result = Differ().compare(exchange_of({.body = "{}"}), none);
  CHECK(result.outcome == Outcome::no_answer);
  REQUIRE(result.differences.size() == 1);
  CHECK(result.differences[0].candidate == "upstream_timeout");
}

TEST_CASE("what the recording lacks is not compared, with the reason") {
  const http::Exchange whole = exchange_of({.body = "{}"});
  http::Exchange none = whole;
  none.status = 0;
  CHECK(Differ().compare(none, whole).not_compared == "primary_missing");
  CHECK(Differ().compare(none, none).not_compared == "both_failed");
  http::Exchange broken = whole;
  broken.flags.set(http::Flag::upstream_aborted);
  CHECK(Differ().compare(broken, whole).not_compared == "primary_broken");
  http::Exchange cut = whole;
  cut.flags.set(http::Flag::response_truncated);
  CHECK(Differ().compare(cut, whole).not_compared == "body_cut");
  CHECK(Differ(Compare::off).compare(whole, whole).not_compared == "comparison_off");
}

TEST_CASE("a difference in the headers of a cut answer counts") {
  http::Exchange cut = exchange_of({.headers = "X-Mode: a\r\n"});
  cut.flags.set(http::Flag::response_truncated);
  CHECK(Differ().compare(cut, exchange_of({.headers = "X-Mode: b\r\n"})).outcome == Outcome::different);
}

TEST_CASE("304 against 200 is not compared") {
  CHECK(compare({.status = 304, .body = ""}, {.status = 200, .body = "{}"}).not_compared == "conditional");
}

TEST_CASE("bytes: headers and wire bytes alone") {
  const Differ differ(Compare::bytes);
  const PairResult result = differ.compare(exchange_of({.body = R"({"a":1})"}), exchange_of({.body = R"({"a": 1})"}));
  CHECK(lines_of(result) == "body: bytes\n");
}

TEST_CASE("JSON that became HTML is one difference of format") {
  const PairResult result =
      compare({.body = R"({"a":1})"}, {.headers = "Content-Type: text/html\r\n", .body = "<!DOCTYPE html><p>oops"});
  CHECK(lines_of(result) == "header:content-type value\nbody: format json->html\n");
}

TEST_CASE("JSON that no longer parses is unparsable") {
  CHECK(lines_of(compare_json(R"({"a":1})", R"({"a":1)")) == "body: unparsable\n");
}

TEST_CASE("a body that is gone is missing, one that is new is added") {
  CHECK(lines_of(compare_json(R"({"a":1})", "")) == "body: missing\n");
  CHECK(lines_of(compare_json("", R"({"a":1})")) == "body: added\n");
}

TEST_CASE("text differs by lines") {
  const std::string type = "Content-Type: text/plain\r\n";
  const PairResult result = compare({.headers = type, .body = "one\ntwo\nthree\nfour\n"},
                                    {.headers = type, .body = "one\n2\nthree\nfour\nfive\n"});
  CHECK(pointers_of(result) == "line 2 text\nline 5 text\n");
  CHECK(result.differences[0].primary == "two\n");
  CHECK(result.differences[0].candidate == "2\n");
}

TEST_CASE("binary bodies differ by bytes, and the first that differs is named") {
  const std::string type = "Content-Type: image/png\r\n";
  const PairResult result = compare({.headers = type, .body = std::string("\x89PNG\0abc", 8)},
                                    {.headers = type, .body = std::string("\x89PNG\0abd", 8)});
  REQUIRE(lines_of(result) == "body: bytes\n");
  CHECK(result.differences[0].pointer == "byte 7");
}

TEST_CASE("a body whose coding is damaged on the candidate alone is unparsable") {
  const auto coded = http::encode_content("gzip", as_bytes(std::string(R"({"a":1})")));
  REQUIRE(coded.has_value());
  std::string damaged = *coded;
  damaged[damaged.size() / 2] ^= 0x55;
  const std::string headers = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
  CHECK(lines_of(compare({.headers = headers, .body = *coded}, {.headers = headers, .body = damaged})) ==
        "body: unparsable\n");
}

TEST_CASE("differences beyond the limit are cut off, and the pair says so") {
  std::string a = "[", b = "[";
  for (int i = 0; i < 300; ++i) {
    a += std::to_string(i) + ",";
    b += std::to_string(i + 1000) + ",";
  }
  const PairResult result = compare_json(a + "0]", b + "0]");
  CHECK(result.differences.size() == 256);
  CHECK(result.capped);
}

TEST_CASE("a multipart boundary is new in every answer and does not count, the parts do") {
  const auto ranges = [](const std::string& boundary, const std::string& second) {
    return Answer{206, "Content-Type: multipart/byteranges; boundary=" + boundary + "\r\n",
                  "\r\n--" + boundary + "\r\nContent-Range: bytes 0-4/9\r\n\r\nfirst\r\n--" + boundary +
                      "\r\nContent-Range: bytes 5-8/9\r\n\r\n" + second + "\r\n--" + boundary + "--\r\n"};
  };
  CHECK(compare(ranges("0001", "last"), ranges("0002", "last")).identical_by == "form");
  CHECK(lines_of(compare(ranges("0001", "last"), ranges("0002", "lost"))) == "body: text\n");
  CHECK(lines_of(compare(ranges("0001", "--00"), ranges("0002", "--01"))) == "body: text\n");
}
