#include <doctest/doctest.h>
#include <fmt/format.h>

#include "format/foreign/raw_message.hpp"
#include "format/foreign/warc_date.hpp"
#include "format/foreign/warc_digest.hpp"
#include "format/foreign/warc_exchange.hpp"
#include "format/foreign/warc_reader.hpp"
#include "tests/format/foreign_fixture.hpp"

namespace tapedeck::test {
namespace {

std::string warc_sha1(std::string_view bytes) {
  format::WarcSha1 digest;
  digest.add(bytes);
  return digest.text();
}

using http::Flag;

constexpr std::string_view kDate = "2017-03-06T04:03:53Z";
const Time kTime = time_from_ns(1'488'773'033'000'000'000);

/// `fields` are lines of their own.
std::string record(const std::string& type, const std::string& id, const std::string& fields,
                   const std::string& block) {
  return fmt::format("WARC/1.0\r\nWARC-Type: {}\r\nWARC-Record-ID: <urn:{}>\r\n{}Content-Length: {}\r\n\r\n{}\r\n\r\n",
                     type, id, fields, block.size(), block);
}
std::string dated(const std::string& fields = "", const std::string& uri = "http://h/a") {
  return fmt::format("WARC-Date: {}\r\nWARC-Target-URI: {}\r\nContent-Type: application/http\r\n{}", kDate, uri,
                     fields);
}
const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
std::string request(const std::string& id, const std::string& fields = "", const std::string& block = kGet) {
  return record("request", id, dated(fields), block);
}
std::string response(const std::string& id, const std::string& fields = "", const std::string& block = kOk) {
  return record("response", id, dated(fields), block);
}
std::string concurrent_to(const std::string& id) { return "WARC-Concurrent-To: <urn:" + id + ">\r\n"; }

ReadForeign read(const std::string& bytes) {
  const auto reader = format::read_warc(format::only_part(format::memory_stream(bytes)));
  return read_to_end(*reader);
}
const http::Exchange& only(const ReadForeign& read) {
  REQUIRE(read.exchanges.size() == 1);
  return read.exchanges.front();
}

TEST_CASE("WARC: dates have a fraction, or are cut short") {
  CHECK(format::parse_warc_date("2017-03-06T04:03:53Z") == kTime);
  CHECK(format::parse_warc_date("2017-03-06T04:03:53.5Z") == kTime + std::chrono::milliseconds(500));
  CHECK(format::parse_warc_date("2017-03-06T04:03:53.123456789Z") == kTime + Duration(123'456'789));
  CHECK(format::parse_warc_date("1970") == Time{});
  CHECK(format::parse_warc_date("1970-01-02") == Time{} + std::chrono::hours(24));
  for (const auto* bad : {"", "20", "2017-13-01", "2017-02-30", "2017-03-06T25:00:00Z", "2017-03-06T04:03:53.Z",
                          "9999-01-01", "2017-03-06T04:03:53Zx"}) {
    CAPTURE(bad);
    CHECK_FALSE(format::parse_warc_date(bad).has_value());
  }
  CHECK(format::warc_date(kTime + Duration(42)) == "2017-03-06T04:03:53.000000042Z");
}

TEST_CASE("WARC: digests are in base32 or hex") {
  CHECK(warc_sha1("") == "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ");
  const auto differs = [](std::string_view expected, std::string_view bytes) {
    format::WarcDigest digest(expected);
    digest.add(bytes);
    return digest.differs();
  };
  CHECK_FALSE(differs("sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ", ""));
  CHECK_FALSE(differs("SHA1:da39a3ee5e6b4b0d3255bfef95601890afd80709", ""));
  CHECK(differs("sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709", "x"));
  CHECK_FALSE(differs("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""));
  CHECK_FALSE(differs("whirlpool:00", "x"));
  CHECK_FALSE(differs("", "x"));
}

TEST_CASE("WARC: a request and its response are an exchange; a date in whole seconds gives no durations") {
  const auto all = read(response("1", "WARC-IP-Address: 192.0.2.7\r\n") + request("2", concurrent_to("1")));
  const http::Exchange& e = only(all);
  CHECK(e.request.head == kGet);
  CHECK(e.response.body.bytes == "hello");
  CHECK(e.status == 200);
  CHECK(e.request.first == kTime);
  CHECK(e.response.last == kTime);
  CHECK(to_string(e.connection->server) == "192.0.2.7:80");
  CHECK(e.reason == http::Reason::none);
  CHECK(all.skipped.empty());
}

TEST_CASE("WARC: the server is the record's address at the URI's port; https is over TLS") {
  struct Case {
    std::string uri;
    std::string address;
    std::string server;
    bool tls = false;
  };
  for (const Case& c :
       {Case{"http://h/a", "192.0.2.7", "192.0.2.7:80"}, Case{"http://h:/a", "192.0.2.7", "192.0.2.7:80"},
        Case{"http://h:8080/a", "2001:db8::1", "[2001:db8::1]:8080"}, Case{"http://[::1]/a", "::1", "[::1]:80"},
        Case{"http://[::1]:81/a", "[::1]", "[::1]:81"}, Case{"http://u:1@h/a", "192.0.2.7", "192.0.2.7:80"},
        Case{"https://h/a", "192.0.2.7", "192.0.2.7:443", true},
        Case{"HTTPS://h:/a", "192.0.2.7", "192.0.2.7:443", true}, Case{"https://h/a", "", "", true},
        Case{"http://h/a", "no address", ""}}) {
    CAPTURE(c.uri);
    CAPTURE(c.address);
    const std::string field = c.address.empty() ? "" : "WARC-IP-Address: " + c.address + "\r\n";
    const auto all = read(record("response", "1", dated(field, c.uri), kOk));
    CHECK(to_string(only(all).connection->server) == c.server);
    CHECK(over_tls(*only(all).connection) == c.tls);
  }
}

TEST_CASE("WARC: dates with a fraction tell the request's and the response's time") {
  const auto at = [](const std::string& date) {
    return "WARC-Date: " + date + "\r\nWARC-Target-URI: http://h/a\r\nContent-Type: application/http\r\n";
  };
  const auto all = read(record("request", "1", at("2017-03-06T04:03:53.000000000Z"), kGet) +
                        record("response", "2", at("2017-03-06T04:03:53.250000000Z"), kOk));
  CHECK(only(all).request.first == kTime);
  CHECK(only(all).response.first == kTime + std::chrono::milliseconds(250));
}

TEST_CASE("WARC: either record may name the other, and stand first, with others between") {
  const std::string other = record("metadata", "9", "", "x");
  for (const std::string& file : {request("2", concurrent_to("1")) + other + response("1"),
                                  request("2") + other + response("1", concurrent_to("2")),
                                  response("1") + other + request("2", concurrent_to("1")),
                                  response("1", concurrent_to("2")) + other + request("2")}) {
    CAPTURE(file);
    const auto all = read(file);
    CHECK(only(all).has_request());
    CHECK(only(all).status == 200);
    CHECK(all.skipped == format::Skipped{{"metadata", 1}});
    CHECK_FALSE(all.damaged);
  }
}

TEST_CASE("WARC: of those that name nobody, neighbours of one URI are partners") {
  SUBCASE("alike") {
    const auto all = read(request("1") + response("2") + response("3") + request("4")).exchanges;
    REQUIRE(all.size() == 2);
    for (const http::Exchange& e : all) CHECK_FALSE(e.flags.has(Flag::head_rebuilt));
  }
  SUBCASE("brackets around the URI and spaces after it do not matter") {
    CHECK(read(request("1") + record("response", "2", dated("", "<http://h/a>  "), kOk)).exchanges.size() == 1);
  }
  SUBCASE("of another URI they are not") {
    CHECK(read(request("1") + record("response", "2", dated("", "http://h/b"), kOk)).exchanges.size() == 2);
  }
}

TEST_CASE("WARC: to a lone response a GET is rebuilt; a lone request has no response") {
  const auto all =
      read(record("response", "1", dated("", "https://user@h.example:8443?q=ä#part"), kOk) + request("2")).exchanges;
  REQUIRE(all.size() == 2);
  CHECK(all[0].request.head == "GET /?q=%C3%A4 HTTP/1.1\r\nHost: h.example:8443\r\n\r\n");
  CHECK(all[0].flags.has(Flag::head_rebuilt));
  CHECK(all[0].response.body.bytes == "hello");
  CHECK(all[1].flags.has(Flag::response_missing));
  CHECK(all[1].reason == http::Reason::one_sided);
}

TEST_CASE("WARC: a response of no web address stays without a request") {
  CHECK(format::rebuilt_get("ftp://h/a").empty());
  CHECK(format::rebuilt_get("http://h/a?b=1") == "GET /a?b=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(only(read(record("response", "1", dated("", "urn:x"), kOk))).flags.has(Flag::request_missing));
}

TEST_CASE("WARC: what is no exchange is skipped and counted by its type") {
  const auto all = read(record("warcinfo", "1", "", "software: x\r\n") + record("resource", "2", dated(), "x") +
                        record("conversion", "3", dated(), "x") +
                        record("response", "4", "WARC-Target-URI: dns:h\r\nContent-Type: text/dns\r\n", "x") +
                        record("response", "5", "WARC-Target-URI: ftp://h/\r\nContent-Type: text/plain\r\n", "x") +
                        record("odd", "6", "", ""));
  CHECK(all.exchanges.empty());
  CHECK(
      all.skipped ==
      format::Skipped{
          {"warcinfo", 1}, {"resource", 1}, {"conversion", 1}, {"dns", 1}, {"other_protocol", 1}, {"other_record", 1}});
  CHECK_FALSE(all.damaged);
}

TEST_CASE("WARC: chunks are undone; what only says that it is chunked stays as it is") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto good = read(response("1", "", head + "5\r\nhello\r\n0\r\nEnd: 1\r\n\r\n"));
  CHECK(only(good).response.body.bytes == "hello");
  CHECK(only(good).response.trailers == "End: 1\r\n");
  for (const std::string body : {"<!doctype html>", "5\r\nhelloXXthis is no chunk\r\n", "7b\nhello"}) {
    CAPTURE(body);
    const auto bad = read(response("1", "", head + body));
    CHECK(only(bad).response.body.bytes == (body.starts_with("7b") ? "hello" : body));
    CHECK(only(bad).flags.has(Flag::malformed));
  }
}

TEST_CASE("WARC: a revisit has the body of the record it refers to, or of the same payload") {
  const std::string digest = "WARC-Payload-Digest: sha1:AAAA\r\n";
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const std::string first = response("1", digest);
  const auto revisit = [&](const std::string& fields, const std::string& block) {
    return record("revisit", "3", dated(fields), block);
  };
  for (const std::string& fields : {std::string("WARC-Refers-To: <urn:1>\r\n"), digest}) {
    CAPTURE(fields);
    const auto all = read(first + revisit(fields, head)).exchanges;
    REQUIRE(all.size() == 2);
    CHECK(all[1].response.body.bytes == "hello");
    CHECK_FALSE(all[1].flags.has(Flag::response_omitted));
    CHECK_FALSE(all[1].flags.has(Flag::response_truncated));
  }
  SUBCASE("if it is not there, the body is omitted") {
    const auto all = read(revisit(digest, head));
    const http::Body& body = only(all).response.body;
    CHECK(body.state == http::BodyState::omitted);
    CHECK(body.omitted_because == http::OmittedBecause::not_in_import);
    CHECK(body.wire_length == 5);
    CHECK(only(all).flags.has(Flag::response_omitted));
    CHECK(only(all).reason == http::Reason::import_skipped);
    CHECK_FALSE(all.damaged);
  }
  SUBCASE("of another length or coding it is not that body") {
    CHECK(read(first + revisit(digest, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"))
              .exchanges[1]
              .flags.has(Flag::response_omitted));
    CHECK(read(first + revisit(digest, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n"))
              .exchanges[1]
              .flags.has(Flag::response_omitted));
  }
  SUBCASE("304 has none") {
    CHECK(only(read(revisit(digest, "HTTP/1.1 304 Not Modified\r\n\r\n"))).response.body.state ==
          http::BodyState::none);
  }
}

TEST_CASE("WARC: remembered payloads are bounded") {
  format::WarcPayloads payloads(10'000);
  for (int i = 0; i < 100; ++i)
    payloads.add(fmt::format("id{}", i), fmt::format("digest{}", i), {std::string(1000, 'x'), ""});
  CHECK(payloads.find("id0", "digest0") == nullptr);
  REQUIRE(payloads.find("id99", "") != nullptr);
  REQUIRE(payloads.find("", "digest99") != nullptr);
  payloads.add("big", "", {std::string(10'000, 'x'), ""});
  CHECK(payloads.find("big", "") == nullptr);
  CHECK(payloads.find("id99", "") != nullptr);
}

TEST_CASE("WARC: truncated records are flagged, by their field and by their end") {
  const std::string until_close = "HTTP/1.1 200 OK\r\n\r\nhello";
  CHECK(only(read(response("1", "WARC-Truncated: length\r\n", until_close))).flags.has(Flag::response_truncated));
  CHECK_FALSE(only(read(response("1", "", until_close))).flags.has(Flag::response_truncated));
  CHECK(only(read(response("1", "", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")))
            .flags.has(Flag::response_truncated));
  const std::string whole = response("1", "", until_close);
  const auto cut = read(whole.substr(0, whole.size() - 6));
  CHECK(only(cut).flags.has(Flag::response_truncated));
  CHECK(only(cut).response.body.bytes == "hel");
  CHECK(cut.skipped == format::Skipped{{"cut_off", 1}});
  CHECK(cut.damaged);
}

TEST_CASE("WARC: a wrong length hides no record behind it") {
  const std::string wrong =
      "WARC/1.0\r\nWARC-Type: response\r\n" + dated() + "Content-Length: 999999999999\r\n\r\n" + kOk + "\r\n\r\n";
  const auto too_long = read(wrong + response("2"));
  REQUIRE(too_long.exchanges.size() == 2);
  CHECK(too_long.exchanges[0].response.body.bytes == "hello");
  CHECK(too_long.damaged);
  const std::string short_one =
      "WARC/1.0\r\nWARC-Type: response\r\n" + dated() + "Content-Length: 40\r\n\r\n" + kOk + "\r\n\r\n";
  const auto too_short = read(short_one + response("2"));
  REQUIRE(too_short.exchanges.size() == 2);
  CHECK(too_short.exchanges[0].response.body.bytes == "he");
  CHECK(too_short.skipped == format::Skipped{{"no_record_head", 1}});
}

TEST_CASE("WARC: heads without a usable length, garbage, lines without end are skipped and counted") {
  const std::string good = response("2");
  for (const std::string bad : {"WARC/1.0\r\nWARC-Type: response\r\n\r\n", "WARC/1.0\r\nContent-Length: -1\r\n\r\n",
                                "garbage\r\nand more\r\n\r\n", "WARC/x\r\n\r\n"}) {
    CAPTURE(bad);
    const auto all = read(bad + "\r\n" + good);
    CHECK(all.exchanges.size() == 1);
    CHECK(all.skipped == format::Skipped{{"no_record_head", 1}});
    CHECK(all.damaged);
  }
  CHECK(read("WARC/1.0 " + std::string(1'000'000, 'x')).exchanges.empty());
  CHECK(read("WARC/1.0\r\nContent-Length: 5").exchanges.empty());
  CHECK(read("").exchanges.empty());
}

TEST_CASE("WARC: a block that has another digest than it should is imported and counted") {
  const auto good = read(response("1", "WARC-Block-Digest: " + warc_sha1(kOk) + "\r\n"));
  CHECK(good.skipped.empty());
  const auto bad = read(response("1", "WARC-Block-Digest: sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ\r\n"));
  CHECK(bad.exchanges.size() == 1);
  CHECK(bad.skipped == format::Skipped{{"bad_block_digest", 1}});
}

TEST_CASE("WARC: blocks that are not HTTP are counted, a missing date too") {
  const auto all =
      read(response("1", "", "\x16\x03\x01") +
           record("request", "2", "WARC-Target-URI: http://h/\r\nContent-Type: application/http\r\n", kGet));
  CHECK(all.exchanges.size() == 1);
  CHECK(all.skipped == format::Skipped{{"bad_date", 1}, {"not_http", 1}});
}

TEST_CASE("WARC: field names in any case, folded values, lines with LF alone") {
  const std::string file =
      "WARC/1.0\nwarc-type: response\nWARC-DATE:" + std::string(kDate) +
      "\nwarc-target-uri:\n http://h/a\ncontent-type: application/http\ncontent-length: " + std::to_string(kOk.size()) +
      "\n\n" + kOk + "\n\n";
  const auto all = read(file + file);
  CHECK(all.exchanges.size() == 2);
  CHECK(all.exchanges[0].request.head == "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(all.skipped.empty());
}

TEST_CASE("WARC: cut anywhere, byte by byte, it reads what is there") {
  const std::string whole =
      response("1") + request("2", concurrent_to("1")) +
      response("3", "", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    const auto all = read(whole.substr(0, size));
    CHECK(all.error.empty());
    CHECK(all.exchanges.size() <= 2);
    for (const http::Exchange& e : all.exchanges)
      CHECK((std::string_view("hello").starts_with(e.response.body.bytes) || e.flags.has(Flag::malformed)));
  }
}

TEST_CASE("WARC: an error of the source comes when all in front of it was read") {
  const auto reader = format::read_warc(
      format::only_part(std::make_unique<FailingStream>(response("1") + request("2", concurrent_to("1")))));
  const auto all = read_to_end(*reader);
  CHECK(all.exchanges.size() == 1);
  CHECK(all.error == "the disk is gone");
}

TEST_CASE("WARC: a body beyond the limit is truncated, its length and digest known") {
  const std::string block = "HTTP/1.1 200 OK\r\n\r\n" + std::string(format::kMaxImportedBody + 5'000'000, 'x');
  const auto all = read(response("1", "WARC-Block-Digest: " + warc_sha1(block) + "\r\n", block) + response("2"));
  REQUIRE(all.exchanges.size() == 2);
  const http::Exchange& e = all.exchanges[0];
  CHECK(e.response.body.bytes.size() == format::kMaxImportedBody);
  CHECK(e.response.body.wire_length == format::kMaxImportedBody + 5'000'000);
  CHECK(e.reason == http::Reason::body_limit);
  CHECK(all.skipped.empty());
}

}  // namespace
}  // namespace tapedeck::test
