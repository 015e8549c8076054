#include <doctest/doctest.h>

#include "tests/diff/answers.hpp"

using namespace tapedeck;
using namespace tapedeck::diff;

namespace {

PairResult compare_headers(const std::string& a, const std::string& b) {
  return compare({.headers = a}, {.headers = b});
}

}  // namespace

TEST_CASE("header names have no case, and blanks around values do not count") {
  CHECK(lines_of(compare_headers("X-Mode:  a \r\n", "x-mode: a\r\n")) == "");
  CHECK(lines_of(compare_headers("X-Mode: a\r\n", "X-Mode: b\r\n")) == "header:x-mode value\n");
}

TEST_CASE("headers missing and added") {
  CHECK(lines_of(compare_headers("X-A: 1\r\n", "X-B: 1\r\n")) == "header:x-a missing\nheader:x-b added\n");
}

TEST_CASE("what the hop, the server or the clock says does not count") {
  CHECK(lines_of(
            compare_headers("Server: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nContent-Length: 5\r\nVia: 1.1 a\r\n",
                            "Transfer-Encoding: chunked\r\n")) == "");
  CHECK(lines_of(compare_headers("Date: x\r\nETag: \"1\"\r\nX-Request-Id: 1\r\n",
                                 "Date: y\r\nETag: \"2\"\r\nX-Request-Id: 2\r\n")) == "");
}

TEST_CASE("of a header compared by presence its absence counts") {
  CHECK(lines_of(compare_headers("ETag: \"1\"\r\n", "")) == "header:etag missing\n");
}

TEST_CASE("token lists are sets, directives are compared by name") {
  CHECK(lines_of(compare_headers("Vary: Accept, Origin\r\n", "Vary: origin\r\nVary: ACCEPT\r\n")) == "");
  CHECK(lines_of(compare_headers("Cache-Control: public, max-age=60\r\n", "Cache-Control: max-age=90, public\r\n")) ==
        "header:cache-control/max-age value\n");
  CHECK(lines_of(compare_headers("Vary: Origin\r\n", "Vary: Accept\r\n")) ==
        "header:vary/origin missing\nheader:vary/accept added\n");
}

TEST_CASE("Content-Type is compared without case, parameters apart") {
  CHECK(lines_of(compare_headers("Content-Type: text/html;charset=UTF-8\r\n",
                                 "Content-Type: Text/HTML; charset=\"utf-8\"\r\n")) == "");
  CHECK(lines_of(compare_headers("Content-Type: text/html; charset=utf-8\r\n", "Content-Type: text/html\r\n")) ==
        "header:content-type/charset missing\n");
}

TEST_CASE("Location is resolved against the side's own URL") {
  CHECK(lines_of(compare({302, "Location: http://shop.example/login\r\n"}, {302, "Location: /login\r\n"})) == "");
  CHECK(lines_of(compare({302, "Location: ../login\r\n"}, {302, "Location: /login\r\n"})) == "");
  CHECK(lines_of(compare({302, "Location: /login\r\n"}, {302, "Location: /signin\r\n"})) ==
        "header:location/path value\n");
  CHECK(lines_of(compare({302, "Location: /login?a=1\r\n"}, {302, "Location: /login\r\n"})) ==
        "header:location/query missing\n");
  CHECK(lines_of(compare({302, "Location: /login\r\n"}, {302, "Location: http://evil.example/login\r\n"})) ==
        "header:location/host added\n");
}

TEST_CASE("cookies are compared by name and attribute, and their values are not shown") {
  const PairResult result =
      compare_headers("Set-Cookie: sid=abc; Path=/; SameSite=Lax; HttpOnly\r\nSet-Cookie: lang=en\r\n",
                      "Set-Cookie: lang=en\r\nSet-Cookie: sid=xyz; Path=/; SameSite=None\r\n");
  CHECK(lines_of(result) == "cookie:sid value\ncookie:sid/httponly missing\ncookie:sid/samesite value\n");
  CHECK(result.differences[0].primary == "<cookie, 3 bytes>");
}

TEST_CASE("a cookie's Expires is relative to its answer") {
  http::Exchange a = exchange_of({.headers = "Set-Cookie: s=1; Expires=Mon, 21 Sep 2026 15:13:20 GMT\r\n"});
  http::Exchange b = exchange_of({.headers = "Set-Cookie: s=1; Expires=Tue, 22 Sep 2026 15:13:21 GMT\r\n"});
  b.response.first += std::chrono::hours(24);
  CHECK(lines_of(Differ().compare(a, b)) == "");
  b.response.first += std::chrono::hours(1);
  CHECK(lines_of(Differ().compare(a, b)) == "cookie:s/expires value\n");
}

TEST_CASE("trailers are compared like headers") {
  http::Exchange a = exchange_of({});
  http::Exchange b = a;
  a.response.trailers = "X-Sum: 1\r\n";
  b.response.trailers = "X-Sum: 2\r\n";
  CHECK(lines_of(Differ().compare(a, b)) == "trailer:x-sum value\n");
}

TEST_CASE("what the recording redacted is compared by presence only") {
  CHECK(lines_of(compare_headers("X-User: td1.3f9c\r\n", "X-User: ann\r\n")) == "");
  CHECK(lines_of(compare_headers("X-User: ****\r\n", "")) == "header:x-user missing\n");
}
