#include "base/error.hpp"

#include <cerrno>
#include <stdexcept>

#include <doctest/doctest.h>

using namespace tapedeck;

TEST_CASE("an error carries a code for programs and a line for people") {
  const Error error = make_error("tape x: broken; try recover");
  CHECK(error.code);
  CHECK(error.message == "tape x: broken; try recover");
}

TEST_CASE("errno_error says what the system said") {
  errno = ENOENT;
  const Error error = errno_error("open a.tape");
  CHECK(error.code == boost::system::errc::no_such_file_or_directory);
  CHECK(error.message == "open a.tape: No such file or directory");
}

TEST_CASE("asking a failed result for its value throws the message") {
  const Result<int> failed = make_error("no");
  CHECK_THROWS_WITH_AS(failed.value(), "no", std::runtime_error);
  CHECK(failed.error().message == "no");
}
