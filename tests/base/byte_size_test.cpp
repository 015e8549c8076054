#include "base/byte_size.hpp"

#include <doctest/doctest.h>

using namespace tapedeck;

TEST_CASE("a size takes binary and decimal units in any case") {
  CHECK(parse_byte_size("64MiB").value() == 64_MiB);
  CHECK(parse_byte_size("10GB").value().bytes == 10'000'000'000);
  CHECK(parse_byte_size("512").value().bytes == 512);
  CHECK(parse_byte_size("512b").value().bytes == 512);
  CHECK(parse_byte_size("1.5GiB").value() == 1536_MiB);
  CHECK(parse_byte_size("64mib").value() == 64_MiB);
  CHECK(parse_byte_size("1kb").value().bytes == 1000);
  CHECK(parse_byte_size("0").value().bytes == 0);
  CHECK(parse_byte_size("18446744073709551615").value().bytes == 18446744073709551615u);
}

TEST_CASE("a size that is none is refused with the reason") {
  CHECK(parse_byte_size("abc").error().message == "size \"abc\": not a number of bytes; try 64MiB or 10GB");
  CHECK(parse_byte_size("-1").error().message == "size \"-1\": negative; try 64MiB or 10GB");
  CHECK(parse_byte_size("0.5").error().message == "size \"0.5\": not a whole number of bytes; try 64MiB or 10GB");
  CHECK(parse_byte_size("64M").error().message ==
        "size \"64M\": the unit is not one of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB; try 64MiB or 10GB");
  CHECK(parse_byte_size("18446744073709551616").error().message ==
        "size \"18446744073709551616\": 2^64 bytes or more; try 64MiB or 10GB");
  for (const char* text : {"", " ", "MiB", "nan", "inf", "1e999", "99999999TiB", "64MiBx", "64  MiB", "64 ", " 64"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_byte_size(text).has_value());
  }
}

TEST_CASE("a size for people uses the largest unit that keeps the number at 1 or more") {
  CHECK(to_string(ByteSize{0}) == "0 B");
  CHECK(to_string(ByteSize{1023}) == "1023 B");
  CHECK(to_string(64_MiB) == "64 MiB");
  CHECK(to_string(1536_MiB) == "1.5 GiB");
  CHECK(to_string(ByteSize{(1ull << 20) - 1}) == "1 MiB");
  CHECK(to_string(ByteSize{18446744073709551615u}) == "16 EiB");
}

TEST_CASE("what to_string writes can be read back") { CHECK(parse_byte_size(to_string(64_MiB)).value() == 64_MiB); }
