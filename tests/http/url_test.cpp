#include "http/url.hpp"

#include <doctest/doctest.h>

namespace tapedeck::http {
namespace {

TEST_CASE("an origin is a URL without path, a port or a Unix socket") {
  struct Case {
    std::string_view text, scheme, host;
    std::uint16_t port;
    std::string_view authority, back;
  };
  for (const Case& c : {Case{"http://a.example", "http", "a.example", 80, "a.example", "http://a.example"},
                        Case{"http://a.example:80/", "http", "a.example", 80, "a.example", "http://a.example"},
                        Case{"https://a.example", "https", "a.example", 443, "a.example", "https://a.example"},
                        Case{"https://a.example:80", "https", "a.example", 80, "a.example:80", "https://a.example:80"},
                        Case{"http://[2001:db8::1]:8080", "http", "2001:db8::1", 8080, "[2001:db8::1]:8080",
                             "http://[2001:db8::1]:8080"},
                        Case{"9000", "http", "127.0.0.1", 9000, "127.0.0.1:9000", "http://127.0.0.1:9000"}}) {
    CAPTURE(c.text);
    const auto origin = parse_origin(c.text);
    REQUIRE(origin.has_value());
    CHECK(origin->scheme == c.scheme);
    CHECK(origin->host == c.host);
    CHECK(origin->port == c.port);
    CHECK(origin->authority() == c.authority);
    CHECK(origin->text() == c.back);
  }
}

TEST_CASE("an origin may be a Unix socket") {
  const auto origin = parse_origin("unix:/run/app.sock");
  REQUIRE(origin.has_value());
  CHECK(origin->unix_path == "/run/app.sock");
  CHECK(origin->authority() == "localhost");
  CHECK(origin->text() == "unix:/run/app.sock");
}

TEST_CASE("what is no origin is refused with the reason and an example") {
  struct Case {
    std::string_view text, reason;
  };
  for (const Case& c :
       {Case{"a.example", "begins neither"}, Case{"ftp://a", "begins neither"}, Case{"", "begins neither"},
        Case{"http://", "the host is missing"}, Case{"http://a b", "the host is missing"},
        Case{"http://[::1", "the host is missing"}, Case{"http://[a]", "the host is missing"},
        Case{"http://a:0", "the port is not"}, Case{"http://a:", "the port is not"},
        Case{"http://a:70000", "the port is not"}, Case{"0", "the port is not"}, Case{"http://a/v1", "a path or query"},
        Case{"http://a?x", "a path or query"}, Case{"http://u:p@a", "a user name"},
        Case{"unix:run", "begins with /"}}) {
    CAPTURE(c.text);
    const auto origin = parse_origin(c.text);
    REQUIRE_FALSE(origin.has_value());
    CHECK(origin.error().message.find(c.reason) != std::string::npos);
    CHECK(origin.error().message.find("http://10.0.0.7:8080") != std::string::npos);
  }
}

TEST_CASE("a listen address is an address with a port, a port on loopback or a Unix socket") {
  for (const char* text : {"0.0.0.0:8080", "[::]:8080", "localhost:0", "unix:/run/t.sock"}) {
    const auto address = parse_listen_address(text);
    REQUIRE_MESSAGE(address.has_value(), text);
    CHECK(address->text() == text);
  }
  CHECK(parse_listen_address("8080").value().text() == "127.0.0.1:8080");
  for (const char* text : {"", "0.0.0.0", ":80", "0.0.0.0:x", "0.0.0.0:65536", "::1:80", "unix:", "http://a:80"})
    CHECK_MESSAGE(!parse_listen_address(text).has_value(), text);
}

TEST_CASE("a target falls into path and query") {
  struct Case {
    std::string_view target, path, query;
  };
  for (const Case& c :
       {Case{"/a/b?x=1?y", "/a/b", "x=1?y"}, Case{"/a?", "/a", ""}, Case{"http://h/a?b", "/a", "b"},
        Case{"http://h?b", "/", "b"}, Case{"http://h", "/", ""}, Case{"*", "*", ""},
        Case{"/r?to=http://h/x", "/r", "to=http://h/x"}, Case{"", "/", ""}, Case{"h:443", "h:443", ""}}) {
    CAPTURE(c.target);
    CHECK(split_target(c.target).path == c.path);
    CHECK(split_target(c.target).query == c.query);
  }
}

}  // namespace
}  // namespace tapedeck::http
