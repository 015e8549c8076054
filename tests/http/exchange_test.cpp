#include "http/exchange.hpp"

#include <doctest/doctest.h>

namespace tapedeck::http {
namespace {

TEST_CASE("an exchange id prints four recording bytes and the ordinal") {
  ExchangeId id;
  id.recording = {0x3f, 0x9c, 0x0a, 0x1b, 0xff};
  id.ordinal = 1742;
  CHECK(to_string(id) == "3f9c0a1b-1742");
}

TEST_CASE("every flag and reason is found again by its name") {
  for (std::uint8_t i = 0; i < kFlagCount; ++i) {
    const auto flag = static_cast<Flag>(i);
    CHECK(flag_named(name_of(flag)) == flag);
  }
  for (std::uint16_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    CHECK(reason_named(name_of(reason)) == reason);
  }
  CHECK_FALSE(flag_named("no_such_flag"));
  CHECK_FALSE(reason_named(""));
}

TEST_CASE("names of flags and reasons are the words of the tape") {
  CHECK(name_of(Flag::request_truncated) == "request_truncated");
  CHECK(name_of(Flag::answered_by_proxy) == "answered_by_proxy");
  CHECK(name_of(Flag::overlap_inconsistent) == "overlap_inconsistent");
  CHECK(name_of(Reason::capture_memory) == "capture_memory");
  CHECK(name_of(Reason::one_sided) == "one_sided");
  CHECK(name_of(Reason::inherited) == "inherited");
}

TEST_CASE("what the recorder lost is a loss, what traffic cut is none") {
  CHECK(is_loss(Reason::capture_memory));
  CHECK(is_loss(Reason::disk_full));
  CHECK(is_loss(Reason::io_error));
  CHECK(is_loss(Reason::tcp_gap));
  CHECK(is_loss(Reason::unpaired));
  CHECK_FALSE(is_loss(Reason::none));
  CHECK_FALSE(is_loss(Reason::cut_off));
  CHECK_FALSE(is_loss(Reason::aborted));
  CHECK_FALSE(is_loss(Reason::one_sided));
  CHECK_FALSE(is_loss(Reason::parse_error));
}

TEST_CASE("socket addresses print and parse back") {
  for (const char* text : {"192.0.2.1:80", "[2001:db8::1]:8080", "[::1]:65535", "0.0.0.0:0"}) {
    const auto address = parse_socket_address(text);
    REQUIRE_MESSAGE(address, text);
    CHECK(to_string(*address) == text);
  }
  CHECK(to_string(SocketAddress{}).empty());
}

TEST_CASE("what is no address with a port does not parse") {
  for (const char* text : {"", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:8x", "::1:80",
                           "[192.0.2.1]:80", "host:80", "[::1]"})
    CHECK_MESSAGE(!parse_socket_address(text), text);
}

TEST_CASE("a request line falls into method and target") {
  struct Case {
    std::string_view head, method, target;
  };
  for (const Case& c : {Case{"GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/a?b=1"},
                        Case{"GET /a HTTP/1.0\n\n", "GET", "/a"},            // bare LF
                        Case{"GET /a\r\n", "GET", "/a"},                     // HTTP/0.9
                        Case{"GET  /a b  HTTP/1.1\r\n\r\n", "GET", "/a b"},  // a blank inside the target
                        Case{"GET HTTP/1.1\r\n\r\n", "GET", ""}, Case{"PURGE\r\n", "PURGE", ""}, Case{"", "", ""}}) {
    CAPTURE(c.head);
    CHECK(request_line_of(c.head).method == c.method);
    CHECK(request_line_of(c.head).target == c.target);
  }
}

TEST_CASE("a field is found in any case and without its outer blanks") {
  const std::string_view head =
      "GET / HTTP/1.1\r\nHost: a.example\r\nX-Empty:\r\nACCEPT \t:\t text/html \t\r\nAccept: second\r\n\r\nHidden: "
      "body\r\n";
  CHECK(find_field(head, "hOST") == "a.example");
  CHECK(find_field(head, "accept") == "text/html");
  CHECK(find_field(head, "x-empty") == "");
  CHECK_FALSE(find_field(head, "hidden"));  // behind the empty line
  CHECK_FALSE(find_field(head, "GET / HTTP/1.1"));
  CHECK_FALSE(find_field("", "host"));
}

TEST_CASE("a field is found where lines end in a bare LF or none at all") {
  CHECK(find_field("GET / HTTP/1.1\nHost: a\nX: b\n\n", "x") == "b");
  CHECK(find_field("GET / HTTP/1.1\nX: b", "x") == "b");
}

TEST_CASE("a folded line is no field of its own") {
  CHECK_FALSE(find_field("GET / HTTP/1.1\r\nA: 1\r\n Host: evil\r\n\r\n", "host"));
}

TEST_CASE("pseudo-headers are fields too") { CHECK(find_field("\r\n:path: /a\r\n\r\n", ":path") == "/a"); }

TEST_CASE("the host is the absolute target's, else the Host field's") {
  CHECK(host_of("GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n") == "a.example:8080");
  CHECK(host_of("GET http://u:p@b.example/x HTTP/1.1\r\nHost: a\r\n\r\n") == "b.example");
  CHECK(host_of("GET http://b.example?x HTTP/1.1\r\n\r\n") == "b.example");
  CHECK(host_of("GET /to?u=http://c.example/ HTTP/1.1\r\nHost: a\r\n\r\n") == "a");
  CHECK(host_of("CONNECT d.example:443 HTTP/1.1\r\nHost: a\r\n\r\n") == "d.example:443");
  CHECK(host_of("GET / HTTP/1.0\r\n\r\n") == "");
}

}  // namespace
}  // namespace tapedeck::http
