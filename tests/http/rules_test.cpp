#include "http/rules.hpp"

#include <set>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/support/http_splits.hpp"

using namespace tapedeck;
using namespace tapedeck::http;
using tapedeck::test::outcome;

namespace {

/// A request with these field lines; Host is there.
std::string get(std::string_view fields) { return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n"; }
std::string post(std::string_view fields, std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" + std::string(body);
}
std::string ok(std::string_view fields, std::string_view body = "") {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n" + std::string(body);
}
std::string line(std::string_view request_line) { return std::string(request_line) + "\r\nHost: h\r\n\r\n"; }
const std::string kChunked = "Transfer-Encoding: chunked\r\n";

std::string request(std::string_view bytes) { return outcome({Side::request, Mode::strict, bytes, {}}); }
std::string response(std::string_view bytes, const RequestFacts& facts = {}) {
  return outcome({Side::response, Mode::strict, bytes, facts});
}
std::string seen_request(std::string_view bytes) { return outcome({Side::request, Mode::observe, bytes, {}}); }
std::string seen_response(std::string_view bytes, const RequestFacts& facts = {}) {
  return outcome({Side::response, Mode::observe, bytes, facts});
}

RequestFacts to_head() {
  RequestFacts facts;
  facts.is_head = true;
  return facts;
}

std::string repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::string nul(std::string_view text) {
  std::string all(text);
  for (auto& c : all) c = c == '@' ? '\0' : c;
  return all;
}

}  // namespace

TEST_CASE("rules: every rule has a name of its own, and a set lists its names in order") {
  std::set<std::string_view> names;
  for (std::uint8_t i = 0; i < kRuleCount; ++i) names.insert(name_of(static_cast<Rule>(i)));
  CHECK(names.size() == kRuleCount);
  RuleSet set;
  set.add(Rule::framing_ambiguous);
  set.add(Rule::host);
  set.add(Rule::none);
  CHECK(set.names() == "host framing_ambiguous");
}

TEST_CASE("rule leading_crlf: two empty lines in front of a request are skipped, more refused") {
  CHECK(request("\r\n\r\n" + get("")) == "passes [leading_crlf]");
  CHECK(request("\r\n\r\n\r\n" + get("")) == "rejected leading_crlf 400");
  CHECK(response("\r\n" + ok("")) == "rejected leading_crlf 502");
  CHECK(seen_request("\r\n\r\n\r\n" + get("")) == "passes [leading_crlf]");
  CHECK(seen_response("\r\n" + ok("")) == "passes [leading_crlf]");
}

TEST_CASE("rule request_line: method SP target SP version, nothing else") {
  for (const std::string_view bad :
       {"GET", "GET /", "GET / ", " GET / HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1", "GET / HTTP/1.1 ", "GET /a b HTTP/1.1", "GET / FTP/1.1", "GET HTTP/1.1"}) {
    CAPTURE(bad);
    CHECK(request(line(bad)) == "rejected request_line 400");
  }
  CHECK(seen_request(line("GET  /a b\tHTTP/1.1 ")).find("request_line") != std::string::npos);
  CHECK(seen_request(line("GET /HTTP/1.1")) == "passes [request_line]");
  CHECK(seen_request(line("GET/ HTTP/1.1")) == "passes [request_line method]");
  CHECK(seen_request(line("GET /")) == "desync request_line");
  CHECK(seen_request(line("OPTIONS HTTP/1.1")) == "desync request_line");
}

TEST_CASE("rule method: a token of at most 32 bytes, known or not") {
  CHECK(request(line("PROPFIND / HTTP/1.1")) == "passes");
  CHECK(request(line("get / HTTP/1.1")) == "passes");
  CHECK(request(line("G(T / HTTP/1.1")) == "rejected method 400");
  CHECK(request("\x16\x03\x01\x02") == "rejected method 400");
  CHECK(request(line(std::string(32, 'A') + " / HTTP/1.1")) == "passes");
  CHECK(request(line(std::string(33, 'A') + " / HTTP/1.1")) == "rejected method 501");
  CHECK(seen_request(line(std::string(33, 'A') + " / HTTP/1.1")) == "passes");
  CHECK(seen_request(line("G(T / HTTP/1.1")) == "desync method");
}

TEST_CASE("rule method_refused: TRACE and CONNECT are not forwarded") {
  CHECK(request(line("TRACE / HTTP/1.1")) == "rejected method_refused 405");
  CHECK(request(line("CONNECT h:443 HTTP/1.1")) == "rejected method_refused 405");
  CHECK(seen_request(line("CONNECT h:443 HTTP/1.1")) == "passes");
  CHECK(seen_request(line("TRACE / HTTP/1.1")) == "passes");
}

TEST_CASE("rule version: HTTP/1.x in upper case with one digit") {
  CHECK(request(line("GET / HTTP/1.2")) == "passes [version]");
  CHECK(request(line("GET / HTTP/1.0")) == "passes");
  CHECK(request(line("GET / http/1.1")) == "rejected version 400");
  CHECK(request(line("GET / HTTP/1.10")) == "rejected version 400");
  CHECK(request(line("GET / HTTP/1.")) == "rejected version 400");
  CHECK(request(line("GET / HTTP/2.0")) == "rejected version 505");
  CHECK(request(line("GET / HTTP/0.9")) == "rejected version 505");
  CHECK(request("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == "rejected version 505");
  CHECK(response("HTTP/1.9 200 OK\r\n\r\n") == "passes [version]");
  CHECK(response("http/1.1 200 OK\r\n\r\n") == "rejected version 502");
  CHECK(response("HTTP/2.0 200 OK\r\n\r\n") == "rejected version 502");
  CHECK(seen_request(line("GET / http/1.1")) == "passes [version]");
  CHECK(seen_request(line("GET / HTTP/1.")) == "passes [version]");
  CHECK(seen_request("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == "desync version");
}

TEST_CASE("rule target_form: a path, an http URL, or `*` with OPTIONS") {
  CHECK(request(line("GET http://a/p HTTP/1.1")) == "passes");
  CHECK(request(line("OPTIONS * HTTP/1.1")) == "passes");
  for (const std::string_view bad :
       {"GET * HTTP/1.1", "GET a/b HTTP/1.1", "GET http://user@a/ HTTP/1.1", "GET http:/// HTTP/1.1",
        "GET http://a:99999/ HTTP/1.1", "GET ftp://a/ HTTP/1.1", "GET ?q HTTP/1.1", "GET http:a HTTP/1.1"}) {
    CAPTURE(bad);
    CHECK(request(line(bad)) == "rejected target_form 400");
    CHECK(seen_request(line(bad)) == "passes [target_form]");
  }
}

TEST_CASE("rule target_length: a request line of at most 16 KiB") {
  const std::string path = "GET /" + std::string(16 * 1024 - 15, 'a') + " HTTP/1.1";  // with its CR: 16 KiB
  CHECK(request(line(path)) == "passes");
  CHECK(request(line("GET /" + std::string(16 * 1024, 'a') + " HTTP/1.1")) == "rejected target_length 414");
  CHECK(request("GET /" + std::string(17 * 1024, 'a')) == "rejected target_length 414");
  CHECK(seen_request(line("GET /" + std::string(17 * 1024, 'a') + " HTTP/1.1")) == "passes");
}

TEST_CASE("rule target_bytes: controls and `#` are refused, other odd bytes pass") {
  for (const std::string bad : {"/a\x01", "/a\x7f", "/a#b"}) {
    CHECK(request(line("GET " + bad + " HTTP/1.1")) == "rejected target_bytes 400");
    CHECK(seen_request(line("GET " + bad + " HTTP/1.1")) == "passes [target_bytes]");
  }
  CHECK(request(line(nul("GET /a@ HTTP/1.1"))) == "rejected target_bytes 400");
  for (const char odd : std::string_view("\"<>\\^{}|`\x80\xff")) {
    CAPTURE(odd);
    CHECK(request(line("GET /a" + std::string(1, odd) + " HTTP/1.1")) == "passes [target_bytes]");
  }
  CHECK(request(line("GET /%00/../%2e//;a=b?[x]=1 HTTP/1.1")) == "passes");
}

TEST_CASE("rule status_line: HTTP/1.x SP 3DIGIT SP reason") {
  for (const std::string_view bad : {"ICY 200 OK", "HTTP/1.1", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 X",
                                     "HTTP/1.1 +20 OK", "HTTP/1.1 200OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK"}) {
    CAPTURE(bad);
    CHECK(response(std::string(bad) + "\r\n\r\n") == "rejected status_line 502");
  }
  CHECK(response(nul("HTTP/1.1 200 O@K\r\n\r\n")) == "rejected status_line 502");
  CHECK(response("HTTP/1.1 200 \r\n\r\n") == "passes");
  CHECK(response("HTTP/1.1 200\r\n\r\n") == "passes [status_line]");
  CHECK(response("HTTP/1.1 600 Odd\r\n\r\n") == "passes [status_line]");
  CHECK(seen_response("HTTP/1.1  200 OK\r\n\r\n") == "passes [status_line]");
  CHECK(seen_response("ICY 200 OK\r\n\r\n") == "desync status_line");
}

TEST_CASE("rule bare_cr: a CR without its LF") {
  CHECK(request(line("GET /a\rb HTTP/1.1")) == "rejected bare_cr 400");
  CHECK(request(get("A: b\rContent-Length: 5\r\n")) == "rejected bare_cr 400");
  CHECK(request(get("A: b\r\r\n")) == "rejected bare_cr 400");
  CHECK(request(post(kChunked, "1;a\rb\r\nx\r\n0\r\n\r\n")) == "rejected bare_cr 400");
  CHECK(request(post(kChunked, "1\r\nx\rx0\r\n\r\n")) == "rejected bare_cr 400");
  CHECK(request(post(kChunked, "0\r\nA: b\rc\r\n\r\n")) == "rejected bare_cr 400");
  CHECK(request("\rGET / HTTP/1.1\r\n\r\n") == "rejected bare_cr 400");
  CHECK(response(ok("A: b\rc\r\nContent-Length: 0\r\n")) == "rejected bare_cr 502");
  CHECK(seen_request(get("A: b\rc\r\n")) == "passes [bare_cr framing_ambiguous]");
}

TEST_CASE("rule bare_lf: an LF without its CR") {
  CHECK(request("GET / HTTP/1.1\nHost: h\r\n\r\n") == "rejected bare_lf 400");
  CHECK(request("GET / HTTP/1.1\r\nHost: h\n\r\n") == "rejected bare_lf 400");
  CHECK(request("GET / HTTP/1.1\r\nHost: h\r\n\n") == "rejected bare_lf 400");
  CHECK(request("\n" + get("")) == "rejected bare_lf 400");
  CHECK(request(post(kChunked, "1\nx\r\n0\r\n\r\n")) == "rejected bare_lf 400");
  CHECK(request(post(kChunked, "1\r\nx\n0\r\n\r\n")) == "rejected bare_lf 400");
  CHECK(request(post(kChunked, "0\r\nA: b\n\r\n")) == "rejected bare_lf 400");
  CHECK(request(post(kChunked, "0\r\n\n")) == "rejected bare_lf 400");
  CHECK(response("HTTP/1.1 200 OK\n\n") == "rejected bare_lf 502");
  CHECK(seen_request("GET / HTTP/1.1\nHost: h\n\n") == "passes [bare_lf]");
  CHECK(seen_request(post(kChunked, "1\nx\n0\n\n")) == "passes [bare_lf framing_ambiguous]");
}

TEST_CASE("rule leading_space: whitespace behind the start line") {
  CHECK(request("GET / HTTP/1.1\r\n Host: h\r\n\r\n") == "rejected leading_space 400");
  CHECK(response("HTTP/1.1 200 OK\r\n\tA: b\r\n\r\n") == "rejected leading_space 502");
  CHECK(seen_request("GET / HTTP/1.1\r\n X: y\r\nHost: h\r\n\r\n") == "passes [leading_space framing_ambiguous]");
}

TEST_CASE("rule field_name: a token and its colon") {
  for (const std::string_view bad : {": b\r\n", "A B: c\r\n", "A\x01: b\r\n", "no colon\r\n", "nocolon\r\n",
                                     "(a): b\r\n", "\x80: b\r\n", "A;b: c\r\n", " \r\n: x\r\n"}) {
    CAPTURE(bad);
    if (bad.front() != ' ') CHECK(request(get(bad)) == "rejected field_name 400");
    if (bad.front() != ' ') CHECK(response(ok("X: y\r\n" + std::string(bad))) == "rejected field_name 502");
    CHECK(seen_request(get(bad)).find("field_name") != std::string::npos);
  }
}

TEST_CASE("rule space_before_colon: refused in a request, removed from a response") {
  CHECK(request(get("A : b\r\n")) == "rejected space_before_colon 400");
  CHECK(response(ok("A : b\r\nContent-Length: 0\r\n")) == "passes [space_before_colon]");
  CHECK(response(ok("Content-Length\t: 2\r\n", "ab")) == "passes [space_before_colon]");
  CHECK(seen_request(post("Content-Length : 2\r\n", "ab")) == "passes [space_before_colon framing_ambiguous]");
}

TEST_CASE("rule obs_fold: refused in a request and in framing fields, one space in a response") {
  CHECK(request(get("A: b\r\n c\r\n")) == "rejected obs_fold 400");
  CHECK(request(post("Content-Length:\r\n 5\r\n", "hello")) == "rejected obs_fold 400");
  CHECK(response(ok("A: b\r\n\tc\r\nContent-Length: 0\r\n")) == "passes [obs_fold]");
  CHECK(response(ok("Content-Length:\r\n 0\r\n")) == "rejected obs_fold 502");
  CHECK(response(ok("Transfer-Encoding: gzip,\r\n chunked\r\n", "0\r\n\r\n")) == "rejected obs_fold 502");
  CHECK(seen_request(get("A: b\r\n c\r\n")) == "passes [obs_fold]");
  CHECK(seen_response(ok("Content-Length:\r\n 2\r\n", "ab")) == "passes [obs_fold framing_ambiguous]");
}

TEST_CASE("rule field_value: NUL never, other controls not in a request, 0x80-FF and tabs pass") {
  CHECK(request(get(nul("A: b@c\r\n"))) == "rejected field_value 400");
  CHECK(request(get("A: b\x01\r\n")) == "rejected field_value 400");
  CHECK(request(get("A: long enough to be read by words\x7f and on\r\n")) == "rejected field_value 400");
  CHECK(request(get("A: b\tc \xe4\xff\r\n")) == "passes");
  CHECK(response(ok(nul("A: b@c\r\n"))) == "rejected field_value 502");
  CHECK(response(ok("A: b\x01\r\n")) == "passes [field_value]");
  CHECK(seen_request(get(nul("A: b@c\r\n"))) == "passes [field_value]");
}

TEST_CASE("rule head_size: 32 KiB and 128 fields of a request, twice that of a response") {
  const auto with_size = [](std::string_view start, std::size_t size) {
    std::string head = std::string(start) + "A: " + std::string(8000, 'x') + "\r\n";
    while (head.size() + 8010 < size) head += "A: " + std::string(8000, 'x') + "\r\n";
    head += "B: ";
    return head + std::string(size - head.size() - 4, 'y') + "\r\n\r\n";
  };
  const std::string_view start = "GET / HTTP/1.1\r\nHost: h\r\n";
  CHECK(request(with_size(start, 32 * 1024)) == "passes");
  CHECK(request(with_size(start, 32 * 1024 + 1)) == "rejected head_size 431");
  CHECK(response(with_size("HTTP/1.1 200 OK\r\n", 64 * 1024)) == "passes");
  CHECK(response(with_size("HTTP/1.1 200 OK\r\n", 64 * 1024 + 1)) == "rejected head_size 502");
  CHECK(request(get(repeat("A: b\r\n", 127))) == "passes");
  CHECK(request(get(repeat("A: b\r\n", 128))) == "rejected head_size 431");
  CHECK(response(ok(repeat("A: b\r\n", 256))) == "passes");
  CHECK(response(ok(repeat("A: b\r\n", 257))) == "rejected head_size 502");
  CHECK(seen_request(get(repeat("A: b\r\n", 300))) == "passes");
}

TEST_CASE("rule host: one, not empty, a name or an address with an optional port") {
  const auto host = [](std::string_view value) { return "GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n"; };
  for (const std::string_view good : {"h", "a.b:80", "[::1]:8080", "127.0.0.1", "xn--a_b", "h:"}) {
    CAPTURE(good);
    CHECK(request(host(good)) == "passes");
  }
  for (const std::string_view bad : {"", "u@h", "a,b", "a b", "h:x", "h:65536", "h:-1", "[::1", "::1", "[g]", "h/x",
                                     "[::1]80", ":80", "a:1:2", "h\\x"}) {
    CAPTURE(bad);
    CHECK(request(host(bad)) == "rejected host 400");
    CHECK(seen_request(host(bad)) == "passes [host]");
  }
  CHECK(request("GET / HTTP/1.1\r\n\r\n") == "rejected host 400");
  CHECK(request("GET / HTTP/1.0\r\n\r\n") == "passes");
  CHECK(request(get("Host: h\r\n")) == "rejected host 400");
  CHECK(request("GET http://a/ HTTP/1.1\r\n\r\n") == "rejected host 400");
}

TEST_CASE("rule length_invalid: digits alone, up to 2^63-1") {
  for (const std::string_view bad :
       {"", "-1", "+5", "5 5", "0x5", "5a", "5;", "9223372036854775808", "99999999999999999999", "5,", ",5", "5, x"}) {
    CAPTURE(bad);
    const auto field = "Content-Length: " + std::string(bad) + "\r\n";
    CHECK(request(post(field, "hello")) == "rejected length_invalid 400");
    CHECK(response(ok(field, "hello")) == "rejected length_invalid 502");
    CHECK(seen_request(post(field, "hello")) == "desync length_invalid");
    CHECK(response(ok(field), to_head()) == "rejected length_invalid 502");
    CHECK(seen_response(ok(field), to_head()) == "passes [length_invalid]");
  }
  CHECK(request(post("Content-Length: 9223372036854775807\r\n", "x")) == "passes");
}

TEST_CASE("rule length_repeated: refused in a request, equal ones are one in a response") {
  const std::string equal = "Content-Length: 2\r\nContent-Length: 2\r\n";
  const std::string unequal = "Content-Length: 2\r\nContent-Length: 3\r\n";
  CHECK(request(post(equal, "ab")) == "rejected length_repeated 400");
  CHECK(request(post("Content-Length: 2, 2\r\n", "ab")) == "rejected length_repeated 400");
  CHECK(request(post(unequal, "ab")) == "rejected length_repeated 400");
  CHECK(response(ok(equal, "ab")) == "passes [length_repeated]");
  CHECK(response(ok("Content-Length: 2, 02\r\n", "ab")) == "passes [length_repeated]");
  CHECK(response(ok(unequal, "ab")) == "rejected length_repeated 502");
  CHECK(seen_request(post(equal, "ab")) == "passes [length_repeated]");
  CHECK(seen_response(ok("Content-Length: 2, 3\r\n", "ab")) == "desync length_repeated");
}

TEST_CASE("rule coding_unknown: other codings before the last `chunked`") {
  for (const std::string_view value : {"gzip, chunked", "identity,chunked"}) {
    const auto field = "Transfer-Encoding: " + std::string(value) + "\r\n";
    CHECK(request(post(field, "0\r\n\r\n")) == "rejected coding_unknown 501");
    CHECK(response(ok(field, "0\r\n\r\n")) == "rejected coding_unknown 502");
    CHECK(seen_request(post(field, "0\r\n\r\n")) == "passes [coding_unknown]");
  }
}

TEST_CASE("rule coding_invalid: anything else but one line `chunked`, and any on 1.0") {
  for (const std::string_view value :
       {"", "gzip", "identity", "chunked, gzip", "chunked, chunked", "chunked,", ",chunked", "xchunked", "chunked;q=1",
        "\"chunked\"", "chunked\x80", "ch unked"}) {
    CAPTURE(value);
    const auto field = "Transfer-Encoding: " + std::string(value) + "\r\n";
    CHECK(request(post(field, "0\r\n\r\n")) == "rejected coding_invalid 400");
    CHECK(response(ok(field, "0\r\n\r\n")) == "rejected coding_invalid 502");
  }
  CHECK(request(post(kChunked + kChunked, "0\r\n\r\n")) == "rejected coding_invalid 400");
  CHECK(request(post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n")) == "passes");
  CHECK(request("POST / HTTP/1.0\r\n" + kChunked + "\r\n0\r\n\r\n") == "rejected coding_invalid 400");
  CHECK(response("HTTP/1.0 200 OK\r\n" + kChunked + "\r\n0\r\n\r\n") == "rejected coding_invalid 502");
  CHECK(seen_request(post("Transfer-Encoding: gzip\r\n", "x")) == "desync coding_invalid");
  CHECK(seen_response(ok("Transfer-Encoding: gzip\r\n", "x")) == "passes [coding_invalid]");
  CHECK(seen_request(post(kChunked + kChunked, "0\r\n\r\n")) == "passes [coding_invalid framing_ambiguous]");
  CHECK(seen_response("HTTP/1.0 200 OK\r\n" + kChunked + "\r\n0\r\n\r\n") ==
        "passes [coding_invalid framing_ambiguous]");
}

TEST_CASE("rule coding_and_length: refused in a request; a response is read as chunked and ends the connection") {
  for (const std::string& fields : {kChunked + "Content-Length: 5\r\n", "Content-Length: 5\r\n" + kChunked}) {
    CHECK(request(post(fields, "0\r\n\r\n")) == "rejected coding_and_length 400");
    CHECK(response(ok(fields, "0\r\n\r\n")) == "passes [coding_and_length]");
    CHECK(seen_request(post(fields, "0\r\n\r\n")) == "passes [coding_and_length framing_ambiguous]");
    test::ParseScript script(Side::response, Mode::strict);
    script.feed(ok(fields, "0\r\n\r\n"));
    CHECK_FALSE(script.parser().keeps_alive());
    CHECK(script.parser().framing() == Framing::chunked);
  }
}

TEST_CASE("rule bodyless_fields: framing fields where no body can be") {
  CHECK(response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n") == "passes [bodyless_fields]");
  CHECK(response("HTTP/1.1 204 No Content\r\n" + kChunked + "\r\n") == "passes [bodyless_fields]");
  CHECK(response("HTTP/1.1 304 Not Modified\r\n" + kChunked + "\r\n") == "passes [bodyless_fields]");
  CHECK(response("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n") == "passes");
  CHECK(response(ok("Content-Length: 5\r\n"), to_head()) == "passes");
  CHECK(response(ok(kChunked), to_head()) == "passes [bodyless_fields]");
  CHECK(seen_response(ok(kChunked), to_head()) == "passes");
  CHECK(seen_response("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n") ==
        "passes [bodyless_fields framing_ambiguous]");
}

TEST_CASE("rule bodyless_fields: a claimed body ends the connection, a zero does not") {
  const auto stays = [](std::string_view bytes) {
    test::ParseScript script(Side::response, Mode::strict);
    script.feed(bytes);
    return script.parser().keeps_alive();
  };
  CHECK(stays("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"));
  CHECK_FALSE(stays("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"));
  CHECK_FALSE(stays("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"));
  CHECK_FALSE(stays("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

TEST_CASE("rule chunk_size: 1 to 16 hex digits and no space") {
  for (const std::string_view bad :
       {"", "g", "-1", "+1", "0x1", " 1", "00000000000000001", "8000000000000000", "FFFFFFFFFFFFFFFF", "1 x", "1,"}) {
    CAPTURE(bad);
    const auto body = std::string(bad) + "\r\nx\r\n0\r\n\r\n";
    CHECK(request(post(kChunked, body)) == "rejected chunk_size 400");
    CHECK(response(ok(kChunked, body)) == "rejected chunk_size 502");
    CHECK(seen_request(post(kChunked, body)) == "desync chunk_size");
  }
  CHECK(request(post(kChunked, "0000000000000001\r\nx\r\n00\r\n\r\n")) == "passes");
  CHECK(request(post(kChunked, "1 \r\nx\r\n0\r\n\r\n")) == "rejected chunk_size 400");
  CHECK(response(ok(kChunked, "1 \t\r\nx\r\n0\r\n\r\n")) == "passes [chunk_size]");
}

TEST_CASE("rule chunk_end: CRLF behind the data") {
  CHECK(request(post(kChunked, "1\r\nxy\r\n0\r\n\r\n")) == "rejected chunk_end 400");
  CHECK(response(ok(kChunked, "1\r\nx0\r\n\r\n")) == "rejected chunk_end 502");
  CHECK(seen_request(post(kChunked, "1\r\nxy\r\n0\r\n\r\n")) == "desync chunk_end");
}

TEST_CASE("rule chunk_extension: well-formed ones are dropped, within bounds") {
  for (const std::string_view good : {";a", ";a=b", ";a=\"b;\\\"c\"", ";a;b=c"}) {
    CAPTURE(good);
    const auto body = "1" + std::string(good) + "\r\nx\r\n0\r\n\r\n";
    CHECK(request(post(kChunked, body)) == "passes [chunk_extension]");
    CHECK(response(ok(kChunked, body)) == "passes [chunk_extension]");
  }
  for (const std::string_view bad : {";", ";=b", ";a=", ";a=\"b", ";a b", "; a", ";a=b;", ";a\x01", ";a=\"\x01\""}) {
    CAPTURE(bad);
    const auto body = "1" + std::string(bad) + "\r\nx\r\n0\r\n\r\n";
    CHECK(request(post(kChunked, body)) == "rejected chunk_extension 400");
    CHECK(response(ok(kChunked, body)) == "rejected chunk_extension 502");
    CHECK(seen_request(post(kChunked, body)) == "passes [chunk_extension]");
  }
  const auto line_of = [](std::size_t length) {
    return "1;" + std::string(length - 3, 'a') + "\r\nx\r\n0\r\n\r\n";  // with its CR
  };
  CHECK(request(post(kChunked, line_of(256))) == "passes [chunk_extension]");
  CHECK(request(post(kChunked, line_of(257))) == "rejected chunk_extension 400");
  CHECK(request(post(kChunked, "1;" + std::string(300, 'a'))) == "rejected chunk_extension 400");
  CHECK(seen_request(post(kChunked, "1;" + std::string(17 * 1024, 'a'))) == "desync chunk_extension");
}

TEST_CASE("rule chunk_extension: their sum stays in proportion to the data") {
  const std::string chunk = "1;" + std::string(240, 'a') + "\r\nx\r\n";
  test::ParseScript script(Side::request, Mode::strict);
  script.feed(post(kChunked, ""));
  int chunks = 0;
  while (chunks < 1000 && script.feed(chunk)) ++chunks;
  CHECK(chunks == 272);  // 272 * 241 = 64 KiB + 271 / 16
  CHECK(script.parser().why() == Rule::chunk_extension);
}

TEST_CASE("rule trailer: 8 KiB, 32 lines, well-formed") {
  const auto body = [](std::string_view trailers) { return "0\r\n" + std::string(trailers) + "\r\n"; };
  CHECK(request(post(kChunked, body("X-A: b\r\n"))) == "passes");
  CHECK(request(post(kChunked, body(repeat("A: b\r\n", 32)))) == "passes");
  CHECK(request(post(kChunked, body(repeat("A: b\r\n", 33)))) == "rejected trailer 431");
  CHECK(request(post(kChunked, body("A: " + std::string(9000, 'x') + "\r\n"))) == "rejected trailer 431");
  CHECK(request(post(kChunked, "0\r\nA: " + std::string(9000, 'x'))) == "rejected trailer 431");
  for (const std::string_view bad : {"no colon\r\n", "A : b\r\n", " A: b\r\n", "A: b\r\n c\r\n", "A: \x01\r\n"}) {
    CAPTURE(bad);
    CHECK(request(post(kChunked, body(bad))) == "rejected trailer 400");
    CHECK(response(ok(kChunked, body(bad))) == "rejected trailer 502");
    CHECK(seen_response(ok(kChunked, body(bad))) == "passes [trailer]");
  }
}

TEST_CASE("rule trailer_forbidden: noted, and dropped on the way") {
  for (const std::string_view name : {"Content-Length", "transfer_encoding", "Host", "Authorization", "Set-Cookie",
                                      "X-Forwarded-For", "If-Match", "Cache-Control", "Content-Type"}) {
    CAPTURE(name);
    CHECK(request(post(kChunked, "0\r\n" + std::string(name) + ": 1\r\n\r\n")) == "passes [trailer_forbidden]");
  }
}

TEST_CASE("rule connection_names: Connection must not name what frames or routes") {
  for (const std::string_view name : {"Host", "content-length", "Transfer-Encoding", "X-Forwarded-For", "Forwarded"}) {
    CAPTURE(name);
    const auto field = "Connection: close, " + std::string(name) + "\r\n";
    CHECK(request(get(field)) == "rejected connection_names 400");
    CHECK(response(ok(field)) == "passes [connection_names]");
    CHECK(seen_request(get(field)) == "passes [connection_names]");
  }
  CHECK(request(get("Connection: keep-alive, X-Mine, TE\r\n")) == "passes");
  CHECK(request(get("Connection: " + repeat("a,", 31) + "b\r\n")) == "passes");
  CHECK(request(get("Connection: " + repeat("a,", 32) + "b\r\n")) == "rejected connection_names 400");
}

TEST_CASE("rule alias: an underscore for the dash of a protected name") {
  CHECK(request(get("Content_Length: 5\r\n")) == "passes [alias]");
  CHECK(request(get("Transfer_Encoding: chunked\r\n")) == "passes [alias]");
  CHECK(request(get("X-Forwarded_For: 1\r\n")) == "passes [alias]");
  CHECK(request(get("My_Field: 1\r\n")) == "passes");
}

TEST_CASE("rule interim: at most 16 before the final response, and no 101 unasked") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
  CHECK(response(repeat(interim, 16) + ok("")) == "passes");
  CHECK(response(repeat(interim, 17)) == "rejected interim 502");
  CHECK(seen_response(repeat(interim, 17)) == "passes");
  const std::string switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
  CHECK(response(switching) == "rejected interim 502");
  CHECK(seen_response(switching) == "passes [interim]");
}
