#include "base/json_writer.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include <doctest/doctest.h>

using namespace tapedeck;

namespace {

template <class T>
std::string json_of(const T& v) {
  JsonWriter j;
  j.value(v);
  return j.take();
}

}  // namespace

TEST_CASE("commas stand between members and elements, nowhere else") {
  JsonWriter j;
  j.begin_object();
  j.field("a", 1);
  j.key("b");
  j.begin_array();
  j.value(1);
  j.begin_array();
  j.end_array();
  j.begin_object();
  j.end_object();
  j.null();
  j.end_array();
  j.null_field("c");
  j.field("d", true);
  j.key("e");
  j.raw("{}");
  j.end_object();
  CHECK(j.text() == R"({"a":1,"b":[1,[],{},null],"c":null,"d":true,"e":{}})");
}

TEST_CASE("strings are escaped, keys too") {
  CHECK(json_of("a\"b\\c\n\r\t") == R"("a\"b\\c\n\r\t")");
  CHECK(json_of(std::string("\0\x1f", 2)) == "\"\\u0000\\u001f\"");
  CHECK(json_of("grün €") == "\"grün €\"");
  JsonWriter j;
  j.begin_object();
  j.field("k\"", "v");
  j.end_object();
  CHECK(j.text() == R"({"k\"":"v"})");
}

TEST_CASE("what is not UTF-8 is replaced in a value and kept by bytes()") {
  CHECK(json_of("a\xff"
                "b") ==
        "\"a\xEF\xBF\xBD"
        "b\"");
  JsonWriter j;
  j.begin_array();
  j.bytes("text");
  j.bytes("\xff\x00z");
  j.bytes("\xff");
  j.end_array();
  CHECK(j.text() == R"(["text",{"base64":"/w=="},{"base64":"/w=="}])");
}

TEST_CASE("counts are an object by reason, also an empty one") {
  JsonWriter json;
  json.begin_object();
  json.counts("lost", std::map<std::string, std::uint64_t>{{"aborted", 2}, {"evicted", 1}});
  json.counts("late", std::map<std::string, std::uint64_t>());
  json.end_object();
  CHECK(json.text() == R"({"lost":{"aborted":2,"evicted":1},"late":{}})");
}

TEST_CASE("numbers keep their value") {
  CHECK(json_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(json_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(json_of(0.1) == "0.1");
  CHECK(std::stod(json_of(1.0 / 3)) == 1.0 / 3);
}

TEST_CASE("a number that JSON cannot say is null") {
  CHECK(json_of(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(json_of(std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("base64 of every length modulo 3") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("UTF-8 is checked strictly") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("€"));
  CHECK_FALSE(is_utf8("\xE2\x82"));      // cut off
  CHECK_FALSE(is_utf8("\xC0\xAF"));      // overlong
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));  // surrogate
}
