#include "base/text.hpp"

#include <doctest/doctest.h>

using namespace tapedeck;

TEST_CASE("lower case changes ASCII letters and nothing else") {
  CHECK(to_lower("Content-TYPE_1 [\\] \xC3\x84") == "content-type_1 [\\] \xC3\x84");
  CHECK(to_lower("").empty());
}

TEST_CASE("blanks around a text go, those inside stay") {
  CHECK(trim_blanks(" \t a b \r\n") == "a b");
  CHECK(trim_blanks("a") == "a");
  CHECK(trim_blanks(" \r\n\t").empty());
  CHECK(trim_blanks("").empty());
}
