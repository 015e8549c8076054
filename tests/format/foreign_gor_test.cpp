#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "format/foreign/gor_format.hpp"
#include "format/foreign/gor_reader.hpp"
#include "format/foreign/gor_records.hpp"
#include "format/foreign/raw_message.hpp"
#include "tests/format/foreign_fixture.hpp"

namespace tapedeck::test {
namespace {

using format::kGorSeparator;
using http::Flag;

const std::string kId = "4e201f900a010001f2a74de5";

std::string record(const std::string& header, const std::string& payload) {
  return header + "\n" + payload + std::string(kGorSeparator);
}
std::string get(const std::string& id, int ns, const std::string& target = "/a") {
  return record("1 " + id + " " + std::to_string(ns) + " 0", "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
}
std::string ok(const std::string& id, int ns, const std::string& body = "ok") {
  return record("2 " + id + " " + std::to_string(ns) + " 0",
                "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

ReadForeign read(const std::string& bytes) {
  const auto reader = format::read_gor(format::only_part(format::memory_stream(bytes)));
  return read_to_end(*reader);
}
ReadForeign read_files(std::vector<std::string> files) {
  std::size_t at = 0;
  const auto reader = format::read_gor([&]() -> Result<std::unique_ptr<format::ByteStream>> {
    if (at == files.size()) return std::unique_ptr<format::ByteStream>();
    return format::memory_stream(files[at++]);
  });
  return read_to_end(*reader);
}
const http::Exchange& only(const ReadForeign& read) {
  REQUIRE(read.exchanges.size() == 1);
  return read.exchanges.front();
}
std::string_view target_of(const http::Exchange& exchange) {
  return http::request_line_of(exchange.request.head).target;
}

TEST_CASE("A header has three or four fields; a latency that is absent or negative is none") {
  CHECK_FALSE(format::parse_gor_header("1 id").has_value());
  CHECK_FALSE(format::parse_gor_header("4 id 5 0").has_value());
  CHECK_FALSE(format::parse_gor_header("1 id 5 0 0").has_value());
  CHECK_FALSE(format::parse_gor_header("1  5 0").has_value());
  CHECK_FALSE(format::parse_gor_header("1 id -5 0").has_value());
  CHECK_FALSE(format::parse_gor_header("1 id 99999999999999999999").has_value());
  CHECK(format::parse_gor_header("1 id 5")->last == time_from_ns(5));
  CHECK(format::parse_gor_header("1 id 5 -3")->last == time_from_ns(5));
  CHECK(format::parse_gor_header("1 id 5 3")->last == time_from_ns(8));
  CHECK(format::parse_gor_header("1 id 5 9223372036854775807")->last == time_from_ns(5));
}

TEST_CASE(".gor: a request and its response are an exchange") {
  const auto all =
      read(get(kId, 1000) + record("2 " + kId + " 3000 500", "HTTP/1.0 404 No\r\nContent-Length: 2\r\n\r\nno"));
  const http::Exchange& e = only(all);
  CHECK(e.request.head == "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(e.response.head == "HTTP/1.0 404 No\r\nContent-Length: 2\r\n\r\n");
  CHECK(e.response.body.bytes == "no");
  CHECK(e.status == 404);
  CHECK(e.version == http::Version::http_1_1);
  CHECK(e.request.first == time_from_ns(1000));
  CHECK(e.request.last == time_from_ns(1000));
  CHECK(e.response.first == time_from_ns(3000));
  CHECK(e.response.last == time_from_ns(3500));
  CHECK(e.reason == http::Reason::none);
  CHECK(to_string(e.connection->client) == "10.1.0.1:20000");
  CHECK(all.skipped.empty());
  CHECK_FALSE(all.damaged);
}

TEST_CASE(".gor: ids of 24 hex digits tell connections, others do not") {
  const std::string later = "4e201f900a010001aaaaaaaa";
  const std::string other = "4e211f900a010001aaaaaaaa";
  const auto all =
      read(get(kId, 1) + get(later, 2) + get(other, 3) + get("8e091765ae902fef", 4) + get("8e091765ae902fef", 5))
          .exchanges;
  REQUIRE(all.size() == 5);
  CHECK(all[0].connection->number == 1);
  CHECK(all[0].sequence == 0);
  CHECK(all[1].connection->number == 1);
  CHECK(all[1].sequence == 1);
  CHECK(all[2].connection->number == 2);
  CHECK(all[3].connection->number == 3);
  CHECK(all[4].connection->number == 4);
}

TEST_CASE(".gor: a request without response says so, with a reason that knows the file") {
  const auto alone = read(get(kId, 1));
  CHECK(only(alone).flags.has(Flag::response_missing));
  CHECK(only(alone).reason == http::Reason::one_sided);
  CHECK(only(alone).response.first == time_from_ns(1));
  const auto unanswered = read(get("a", 1) + ok("a", 2) + get("b", 3)).exchanges;
  REQUIRE(unanswered.size() == 2);
  CHECK(unanswered[1].reason == http::Reason::unpaired);
}

TEST_CASE(".gor: a response without request is kept as one") {
  const auto lone = read(ok(kId, 7));
  CHECK(only(lone).flags.has(Flag::request_missing));
  CHECK(only(lone).request.head.empty());
  CHECK(only(lone).request.first == time_from_ns(7));
  CHECK(only(lone).response.body.bytes == "ok");
}

TEST_CASE(".gor: what is replayed is not recorded traffic") {
  const auto all = read(get("a", 1) + record("3 a 5 2", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") + ok("a", 9));
  CHECK(only(all).status == 200);
  CHECK(all.skipped == format::Skipped{{"replayed_response", 1}});
  CHECK_FALSE(all.damaged);
}

TEST_CASE(".gor: ids repeat, and a response belongs to the nearest earlier open request") {
  SUBCASE("one after the other") {
    const auto all = read(get("a", 1, "/1") + ok("a", 2, "1") + get("a", 3, "/2") + ok("a", 4, "2")).exchanges;
    REQUIRE(all.size() == 2);
    CHECK(target_of(all[0]) == "/1");
    CHECK(all[0].response.body.bytes == "1");
    CHECK(target_of(all[1]) == "/2");
    CHECK(all[1].response.body.bytes == "2");
    CHECK_FALSE(all[1].flags.has(Flag::pairing_uncertain));
  }
  SUBCASE("the first was never answered") {
    const auto all = read(get("a", 1, "/1") + get("a", 3, "/2") + ok("a", 4, "2")).exchanges;
    REQUIRE(all.size() == 2);
    CHECK(target_of(all[0]) == "/2");
    CHECK(all[0].response.body.bytes == "2");
    CHECK(all[0].flags.has(Flag::pairing_uncertain));
    CHECK(all[1].flags.has(Flag::response_missing));
  }
  SUBCASE("the later one was asked after this answer") {
    const auto all = read(get("a", 1, "/1") + get("a", 30, "/2") + ok("a", 4, "1")).exchanges;
    REQUIRE(all.size() == 2);
    CHECK(target_of(all[0]) == "/1");
    CHECK_FALSE(all[0].flags.has(Flag::pairing_uncertain));
  }
}

TEST_CASE(".gor: files are in the order of completion; a response may even stand first") {
  const auto all = read(get("b", 20, "/b") + ok("b", 21) + ok("a", 15, "late") + get("a", 10, "/a")).exchanges;
  REQUIRE(all.size() == 2);
  CHECK(target_of(all[1]) == "/a");
  CHECK(all[1].response.body.bytes == "late");
}

TEST_CASE(".gor: an exchange may be split over two chunk files") {
  const auto all = read_files({get("a", 1) + get("b", 2), ok("b", 3, "b") + ok("a", 4, "a")});
  REQUIRE(all.exchanges.size() == 2);
  CHECK(all.exchanges[0].response.body.bytes == "b");
  CHECK(all.exchanges[1].response.body.bytes == "a");
}

TEST_CASE(".gor: the separator is a line end in front of three emoji; at the end of a file it may be missing or cut") {
  const std::string whole = get("a", 1) + ok("a", 2);
  for (std::size_t cut = 0; cut <= kGorSeparator.size(); ++cut) {
    CAPTURE(cut);
    const auto all = read(whole.substr(0, whole.size() - cut));
    CHECK(only(all).response.body.bytes == "ok");
    CHECK(all.skipped.empty());
    // The same in a chunk file that is not the last.
    CHECK(read_files({whole.substr(0, whole.size() - cut), get("c", 5)}).exchanges.size() == 2);
  }
}

TEST_CASE(".gor: a body may hold the separator") {
  const std::string trap =
      "begin" + std::string(kGorSeparator) + "2 b 77 0\nHTTP/1.1 200 OK\r\n\r\n" + std::string(kGorSeparator) + "end";
  SUBCASE("Content-Length tells how long it is") {
    const auto all = read(get("a", 1) + ok("a", 2, trap) + get("b", 3) + ok("b", 4));
    REQUIRE(all.exchanges.size() == 2);
    CHECK(all.exchanges[0].response.body.bytes == trap);
    CHECK(all.skipped.empty());
  }
  SUBCASE("it is the last of the file") {
    CHECK(only(read(get("a", 1) + ok("a", 2, trap))).response.body.bytes == trap);
  }
  SUBCASE("chunks tell where it ends") {
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                fmt::format("{:x}", trap.size()) + "\r\n" + trap + "\r\n0\r\nEnd: yes\r\n\r\n";
    const auto all = read(get("a", 1) + record("2 a 2 0", chunked) + get("b", 3) + ok("b", 4));
    REQUIRE(all.exchanges.size() == 2);
    CHECK(all.exchanges[0].response.body.bytes == trap);
    CHECK(all.exchanges[0].response.trailers == "End: yes\r\n");
    CHECK(all.exchanges[0].flags.has(Flag::response_chunked));
    CHECK(all.skipped.empty());
  }
  SUBCASE("nothing tells: it ends at the first") {
    const auto all = read(get("a", 1) + record("2 a 2 0", "HTTP/1.1 200 OK\r\n\r\n" + trap) + get("c", 3));
    REQUIRE(all.exchanges.size() == 3);
    CHECK(all.exchanges[0].response.body.bytes == "begin");
    CHECK(all.exchanges[0].flags.has(Flag::read_to_close));
    CHECK(all.damaged);
  }
}

TEST_CASE(".gor: a message that promises more than its record holds is truncated there") {
  const auto all = read(record("1 a 1 0", "POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nfour") + ok("a", 2) +
                        get("b", 3) + ok("b", 4));
  REQUIRE(all.exchanges.size() == 2);
  const http::Exchange& e = all.exchanges[0];
  CHECK(e.request.body.bytes == "four");
  CHECK(e.flags.has(Flag::request_truncated));
  CHECK(e.reason == http::Reason::cut_off);
  CHECK(e.status == 200);
  CHECK_FALSE(all.damaged);
}

TEST_CASE(".gor: a huge declared length costs nothing") {
  for (const std::string length : {"70000000", "9223372036854775807", "99999999999999999999999"}) {
    CAPTURE(length);
    const auto all =
        read(record("1 a 1 0", "POST /a HTTP/1.1\r\nContent-Length: " + length + "\r\n\r\nfour") + get("b", 2));
    CHECK(all.exchanges.size() + (all.skipped.contains("not_http") ? 1 : 0) == 2);
  }
}

TEST_CASE(".gor: chunks that stop short are truncated, chunks that are none stay as they are") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto cut = read(get("a", 1) + record("2 a 2 0", head + "5\r\nhello\r\n9\r\nwor"));
  CHECK(only(cut).response.body.bytes == "hellowor");
  CHECK(only(cut).flags.has(Flag::response_truncated));
  CHECK(only(cut).flags.has(Flag::response_chunked));
  const auto plain = read(get("a", 1) + record("2 a 2 0", head + "<html>hello</html>"));
  CHECK(only(plain).response.body.bytes == "<html>hello</html>");
  CHECK(only(plain).flags.has(Flag::malformed));
  CHECK_FALSE(only(plain).flags.has(Flag::response_truncated));
}

TEST_CASE(".gor: the answer to HEAD has no body, whatever it declares") {
  const auto all = read(record("1 a 1 0", "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n") +
                        record("2 a 2 0", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n") + get("b", 3));
  REQUIRE(all.exchanges.size() == 2);
  CHECK(all.exchanges[0].response.body.state == http::BodyState::none);
  CHECK_FALSE(all.exchanges[0].flags.has(Flag::response_truncated));
}

TEST_CASE(".gor: interim responses stand in front of the final one") {
  const auto all =
      read(record("1 a 1 0", "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx") +
           record("2 a 2 0", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n"));
  CHECK(only(all).status == 201);
  CHECK(only(all).interim == std::vector<std::string>{"HTTP/1.1 100 Continue\r\n\r\n"});
  CHECK(only(all).flags.has(Flag::expect_continue));
}

TEST_CASE(".gor: heads with lines that end in LF alone are rebuilt, and so are those that end at the separator") {
  for (const std::string head : {"GET /a HTTP/1.1\nHost: h\n\n", "GET /a HTTP/1.1\nHost: h\n",
                                 "GET /a HTTP/1.1\r\nHost: h\n\r\n", "GET /a HTTP/2\r\nHost: h\r\n\r\n"}) {
    CAPTURE(head);
    const auto all = read(record("1 a 1", head) + get("b", 2)).exchanges;
    REQUIRE(all.size() == 2);
    CHECK(all[0].request.head == "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(all[0].flags.has(Flag::head_rebuilt));
    CHECK_FALSE(all[1].flags.has(Flag::head_rebuilt));
  }
}

TEST_CASE(".gor: garbage between records is skipped and counted, the rest is read") {
  const auto all = read(get("a", 1) + "no header here\nat all" + std::string(kGorSeparator) + ok("a", 2) +
                        record("1 b 3 0", "\x16\x03\x01 TLS") + get("c", 4));
  REQUIRE(all.exchanges.size() == 2);
  CHECK(all.exchanges[0].status == 200);
  CHECK(all.skipped == format::Skipped{{"no_record_header", 1}, {"not_http", 1}});
  CHECK(all.damaged);
}

TEST_CASE(".gor: bytes behind a message are no part of it, and counted") {
  const auto all = read(get("a", 1) + record("2 a 2 0", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay then"));
  CHECK(only(all).response.body.bytes == "ok");
  CHECK(all.skipped == format::Skipped{{"excess_bytes", 1}});
  // Old clients end a form with a line end that nothing counts.
  CHECK(read(record("1 a 1 0", "POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n")).skipped.empty());
}

TEST_CASE(".gor: cut anywhere, what stands before the cut is read and nothing else") {
  const std::string whole =
      get("a", 1) + ok("a", 2, "hello") + record("1 b 3 0", "POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nworld");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    const auto all = read(whole.substr(0, size));
    CHECK(all.error.empty());
    CHECK(all.exchanges.size() <= 2);
    for (const http::Exchange& e : all.exchanges) {
      CHECK(std::string_view("hello").starts_with(e.response.body.bytes));
      CHECK(std::string_view("world").starts_with(e.request.body.bytes));
    }
    if (size > get("a", 1).size()) CHECK_FALSE(all.exchanges.empty());
  }
}

TEST_CASE(".gor: an empty file has no exchanges; one without any record counts what it has") {
  CHECK(read("").exchanges.empty());
  CHECK_FALSE(read("").damaged);
  CHECK(read("just a line without end").skipped == format::Skipped{{"no_record_header", 1}});
  CHECK(read(std::string(100'000, 'x')).skipped == format::Skipped{{"no_record_header", 1}});
}

TEST_CASE(".gor: the size of the reads does not matter") {
  const std::string whole = get("a", 1) + ok("a", 2, "with" + std::string(kGorSeparator) + "in it") + "junk" +
                            std::string(kGorSeparator) + get("b", 3);
  for (const std::size_t step : {1u, 2u, 3u, 13u}) {
    CAPTURE(step);
    const auto reader = format::read_gor(format::only_part(std::make_unique<DrippingStream>(whole, step)));
    const auto all = read_to_end(*reader);
    REQUIRE(all.exchanges.size() == 2);
    CHECK(all.exchanges[0].response.body.bytes == "with" + std::string(kGorSeparator) + "in it");
    CHECK(all.skipped == format::Skipped{{"no_record_header", 1}});
  }
}

TEST_CASE(".gor: when the source fails, what waited for its answer is handed out first") {
  const auto reader = format::read_gor(format::only_part(std::make_unique<FailingStream>(get("a", 1) + get("b", 2))));
  const auto all = read_to_end(*reader);
  CHECK(all.exchanges.size() == 2);
  CHECK(all.error == "the disk is gone");
}

TEST_CASE(".gor: a body beyond the limit is truncated, and its true length kept") {
  const std::string body(format::kMaxImportedBody + 3'000'000, 'x');
  const auto all = read(get("a", 1) + record("2 a 2 0", "HTTP/1.1 200 OK\r\n\r\n" + body) + get("b", 3));
  REQUIRE(all.exchanges.size() == 2);
  const http::Exchange& e = all.exchanges[0];
  CHECK(e.response.body.bytes.size() == format::kMaxImportedBody);
  CHECK(e.response.body.wire_length == body.size());
  CHECK(e.flags.has(Flag::response_truncated));
  CHECK(e.reason == http::Reason::body_limit);
  CHECK(all.skipped.empty());
}

/// As much of a record is held in the tests of over-long ones.
constexpr std::size_t kLookedAt = 200;

struct Record {
  std::string head;
  http::Body body;
  bool truncated = false;
};
struct Records {
  std::vector<Record> all;
  format::Skipped skipped;
};
Records read_records(const std::string& bytes, std::size_t step) {
  format::GorRecords records(std::make_unique<DrippingStream>(bytes, step), kLookedAt);
  format::SkipAccount account;
  Records read;
  for (;;) {
    const auto next = records.next([](const std::string&) { return http::RequestFacts{}; }, account).value();
    if (!next) break;
    const format::RawMessage& message = next->message;
    read.all.push_back({message.message.head, message.message.body, message.flags.has(Flag::response_truncated)});
  }
  read.skipped = account.skipped();
  return read;
}
/// A response record, `size` bytes long.
std::string long_record(const std::string& head, std::size_t size) {
  return record("2 a 2 0", head + std::string(size - head.size(), 'x'));
}

TEST_CASE(
    ".gor: an over-long record is measured to its separator, and the next is found, however few bytes a read has") {
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  for (std::size_t size = kLookedAt - 20; size < kLookedAt + 40; ++size) {
    for (const std::size_t step : {1u, 3u, 7u, 1000u}) {
      CAPTURE(size);
      CAPTURE(step);
      const Records read = read_records(long_record(head, size) + get("b", 3), step);
      REQUIRE(read.all.size() == 2);
      const http::Body& body = read.all[0].body;
      CHECK(body.wire_length.value_or(body.bytes.size()) == size - head.size());
      CHECK(read.all[0].truncated == (size > kLookedAt));
      CHECK(read.all[1].head.starts_with("GET /a "));
      CHECK(read.skipped.empty());
    }
  }
}

TEST_CASE(".gor: of an over-long record no more belongs to the body than its length says; the rest is counted") {
  const auto head_with = [](std::size_t length) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  };
  for (const std::size_t step : {1u, 5u, 1000u}) {
    CAPTURE(step);
    const Records early = read_records(long_record(head_with(5), 900) + get("b", 3), step);  // in what is looked at
    REQUIRE(early.all.size() == 2);
    CHECK(early.all[0].body.bytes == "xxxxx");
    CHECK_FALSE(early.all[0].truncated);
    CHECK(early.skipped == format::Skipped{{"excess_bytes", 1}});

    const Records late = read_records(long_record(head_with(400), 900) + get("b", 3), step);  // behind that
    REQUIRE(late.all.size() == 2);
    CHECK(late.all[0].body.wire_length == 400);
    CHECK(late.all[0].truncated);
    CHECK(late.skipped == format::Skipped{{"excess_bytes", 1}});

    const Records cut = read_records(long_record(head_with(5000), 900) + get("b", 3), step);  // the record ends first
    REQUIRE(cut.all.size() == 2);
    CHECK(cut.all[0].body.wire_length == 900 - head_with(5000).size());
    CHECK(cut.skipped.empty());
  }
}

TEST_CASE(".gor: chunks that end before an over-long record does leave the rest to be counted") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  const Records read = read_records(long_record(head, 900) + get("b", 3), 7);
  REQUIRE(read.all.size() == 2);
  CHECK(read.all[0].body.bytes == "hello");
  CHECK_FALSE(read.all[0].body.wire_length.has_value());
  CHECK(read.skipped == format::Skipped{{"excess_bytes", 1}});
}

}  // namespace
}  // namespace tapedeck::test
