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

TEST_CASE("bytes as hexadecimal digits") {
  CHECK(hex(std::string_view("\x00\x7f\xA5", 3)) == "007fa5");
  CHECK(hex("").empty());
}

TEST_CASE("what is not visible ASCII is percent-encoded, and what is asked for") {
  CHECK(percent_encoded("/a b?c#\x7f\xC3\xA4\n") == "/a%20b?c#%7F%C3%A4%0A");
  CHECK(percent_encoded("/a#b", "#") == "/a%23b");
}

TEST_CASE("a text in quotes is one word to a shell") {
  CHECK(shell_quoted("it's $HOME") == "'it'\\''s $HOME'");
  CHECK(shell_quoted("") == "''");
}

TEST_CASE("one of them is not several") {
  CHECK(counted(1, "exchange") == "1 exchange");
  CHECK(counted(0, "exchange") == "0 exchanges");
}
