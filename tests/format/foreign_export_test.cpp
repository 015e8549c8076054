#include <array>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "format/foreign/foreign_file.hpp"
#include "format/foreign/gor_exporter.hpp"
#include "format/foreign/gor_format.hpp"
#include "format/foreign/gor_reader.hpp"
#include "format/foreign/warc_exporter.hpp"
#include "format/foreign/warc_reader.hpp"
#include "tests/format/foreign_fixture.hpp"
#include "tests/format/tape_fixture.hpp"

namespace tapedeck::test {
namespace {

using format::Compression;
using http::Flag;

http::Body kept(std::string bytes) {
  http::Body body;
  body.state = http::BodyState::kept;
  body.bytes = std::move(bytes);
  return body;
}

http::Exchange plain() {
  http::Exchange e;
  e.id = {kRecording, 0x1234};
  auto connection = std::make_shared<http::Connection>();
  connection->number = 1;
  connection->server = *http::parse_socket_address("192.0.2.7:8080");
  e.connection = connection;
  e.status = 200;
  e.request.head = "POST /a HTTP/1.1\r\nHost: h:8080\r\nContent-Length: 2\r\n\r\n";
  e.request.body = kept("in");
  e.request.first = time_from_ns(1'000'000'000'000'000'005);
  e.request.last = e.request.first + Duration(7);
  e.response.head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
  e.response.body = kept("out");
  e.response.first = e.request.last + Duration(100);
  e.response.last = e.response.first + Duration(20);
  return e;
}

struct Exported {
  std::string bytes;
  std::uint64_t written = 0;
  format::Skipped skipped;
};

template <class Make>
Exported export_with(Make make, const std::vector<http::Exchange>& exchanges) {
  const auto bytes = std::make_shared<std::string>();
  MemorySink sink(bytes);
  const auto exporter = make(sink);
  for (const http::Exchange& e : exchanges) REQUIRE(exporter->add(e).has_value());
  REQUIRE(exporter->finish().has_value());
  return {*bytes, exporter->written(), exporter->skipped()};
}
Exported to_gor(const std::vector<http::Exchange>& exchanges, Compression compression = Compression::none) {
  return export_with([=](format::ByteSink& to) { return format::make_gor_exporter(to, compression); }, exchanges);
}
Exported to_warc(const std::vector<http::Exchange>& exchanges, Compression compression = Compression::none) {
  return export_with([=](format::ByteSink& to) { return format::make_warc_exporter(to, compression, "1.2.3"); },
                     exchanges);
}
ReadForeign read_back(const Exported& exported) {
  auto stream = format::decompressed_stream(format::memory_stream(exported.bytes)).value();
  const bool warc = exported.bytes.find("WARC/") == 0 || exported.bytes.starts_with("\x1f\x8b\x08\x00");
  auto part = format::only_part(std::move(stream));
  const auto reader = warc ? format::read_warc(std::move(part)) : format::read_gor(std::move(part));
  return read_to_end(*reader);
}

TEST_CASE(".gor export: a record a side, times, an id that follows from the exchange's") {
  const Exported exported = to_gor({plain()});
  CHECK(exported.bytes ==
        "1 3f9c0a1b0000000000001234 1000000000000000005 7\nPOST /a HTTP/1.1\r\nHost: h:8080\r\nContent-Length: "
        "2\r\n\r\nin\n🐵🙈🙉\n"
        "2 3f9c0a1b0000000000001234 1000000000000000112 20\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nout\n🐵🙈🙉\n");
  CHECK(exported.written == 1);
  CHECK(exported.skipped.empty());
}

TEST_CASE(".gor export: read back, messages and times are the same, and no connection is made up") {
  std::vector<http::Exchange> given{plain(), plain(), plain()};
  given[1].id.ordinal = 7;
  given[1].request.trailers = "A: 1\r\n";
  given[1].flags.set(Flag::request_chunked);
  given[1].request.head = "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  given[1].interim = {"HTTP/1.1 100 Continue\r\n\r\n"};
  given[2].id.ordinal = 8;
  given[2].response = {};
  given[2].status = 0;
  given[2].flags.set(Flag::response_missing);
  const auto back = read_back(to_gor(given)).exchanges;
  REQUIRE(back.size() == 3);
  for (std::size_t i = 0; i < 2; ++i) {
    CAPTURE(i);
    CHECK(back[i].request == given[i].request);
    CHECK(back[i].response == given[i].response);
    CHECK(back[i].interim == given[i].interim);
  }
  CHECK(back[1].flags.has(Flag::request_chunked));
  CHECK(back[2].flags.has(Flag::response_missing));
  CHECK(back[0].connection->number != back[1].connection->number);
}

TEST_CASE(".gor export: what GoReplay would misread is skipped and counted; the request goes alone if it can") {
  const auto with = [](auto change) {
    http::Exchange e = plain();
    change(e);
    return e;
  };
  const Exported exported = to_gor({
      with([](auto& e) { e.flags.set(Flag::request_truncated); }),
      with([](auto& e) { e.flags.set(Flag::response_truncated); }),
      with([](auto& e) { e.flags.set(Flag::response_gap); }),
      with([](auto& e) {
        e.request.body = {};
        e.request.body.state = http::BodyState::omitted;
      }),
      with([](auto& e) { e.response.body.bytes = "x" + std::string(format::kGorSeparator); }),
  });
  CHECK(exported.skipped == format::Skipped{{"request_truncated", 1},
                                            {"response_truncated", 1},
                                            {"response_gap", 1},
                                            {"request_omitted", 1},
                                            {"holds_separator", 1}});
  CHECK(exported.written == 3);
  CHECK(read_back(exported).exchanges.size() == 3);
}

TEST_CASE(".gor export: compressed it is gzip, of the same bytes") {
  std::vector<http::Exchange> given(20, plain());
  for (std::size_t i = 0; i < given.size(); ++i) {
    given[i].id.ordinal = i;
    given[i].response.head = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n";
    given[i].response.body.bytes = std::string(200'000, 'x');
  }
  const Exported exported = to_gor(given, Compression::gzip);
  auto stream = format::decompressed_stream(format::memory_stream(exported.bytes)).value();
  CHECK(format::read_up_to(*stream, 1u << 24).value() == to_gor(given).bytes);
  CHECK_FALSE(stream->damage().has_value());
}

TEST_CASE("WARC export: an exchange is two records that name each other, dates in ns") {
  const std::string text = to_warc({plain()}).bytes;
  CHECK(text.starts_with("WARC/1.1\r\nWARC-Type: warcinfo\r\n"));
  CHECK(text.find("software: tapedeck/1.2.3\r\n") != std::string::npos);
  CHECK(text.find("WARC-Date: 2001-09-09T01:46:40.000000005Z\r\nWARC-Target-URI: http://h:8080/a\r\n") !=
        std::string::npos);
  CHECK(text.find("WARC-Date: 2001-09-09T01:46:40.000000112Z\r\n") != std::string::npos);
  CHECK(text.find("WARC-IP-Address: 192.0.2.7\r\n") != std::string::npos);
  CHECK(text == to_warc({plain()}).bytes);  // the same ids each time
}

TEST_CASE("WARC export: read back, messages and first bytes are the same") {
  std::vector<http::Exchange> given{plain(), plain()};
  given[1].id.ordinal = 7;
  given[1].flags.set(Flag::response_chunked);
  given[1].response.head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  given[1].response.trailers = "A: 1\r\n";
  for (const Compression compression : {Compression::none, Compression::gzip}) {
    const auto back = read_back(to_warc(given, compression));
    CHECK(back.skipped == format::Skipped{{"warcinfo", 1}});  // digests hold
    REQUIRE(back.exchanges.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      CAPTURE(i);
      const http::Exchange& e = back.exchanges[i];
      CHECK(e.request.head == given[i].request.head);
      CHECK(e.request.body == given[i].request.body);
      CHECK(e.response.head == given[i].response.head);
      CHECK(e.response.body == given[i].response.body);
      CHECK(e.response.trailers == given[i].response.trailers);
      CHECK(e.request.first == given[i].request.first);
      CHECK(e.response.first == given[i].response.first);
      CHECK(to_string(e.connection->server) == "192.0.2.7:8080");
    }
  }
}

TEST_CASE("WARC export: compressed, each record is a member") {
  const std::string bytes = to_warc({plain()}, Compression::gzip).bytes;
  std::size_t members = 0;
  for (std::size_t at = bytes.find("\x1f\x8b\x08"); at != std::string::npos; at = bytes.find("\x1f\x8b\x08", at + 1))
    ++members;
  CHECK(members == 3);
}

TEST_CASE("WARC export: a body that is not whole says so, and stays so") {
  http::Exchange cut = plain();
  cut.flags.set(Flag::response_truncated);
  cut.response.head = "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n";
  http::Exchange chunked = cut;
  chunked.id.ordinal = 2;
  chunked.flags.set(Flag::response_chunked);
  chunked.response.head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const Exported exported = to_warc({cut, chunked});
  CHECK(exported.bytes.find("WARC-Truncated: length\r\n") != std::string::npos);
  const auto back = read_back(exported).exchanges;
  REQUIRE(back.size() == 2);
  for (const http::Exchange& e : back) {
    CHECK(e.response.body.bytes == "out");
    CHECK(e.flags.has(Flag::response_truncated));
  }
}

TEST_CASE("WARC export: what has no address is skipped; nothing at all is still a WARC file") {
  http::Exchange alone = plain();
  alone.flags.set(Flag::request_missing);
  alone.request = {};
  http::Exchange nowhere = plain();
  nowhere.connection = nullptr;
  nowhere.request.head = "GET /a HTTP/1.0\r\n\r\n";
  CHECK(to_warc({alone, nowhere}).skipped == format::Skipped{{"response_alone", 1}, {"host_unknown", 1}});
  CHECK(format::foreign_kind_of(to_warc({}).bytes) == format::ForeignKind::warc);
}

}  // namespace
}  // namespace tapedeck::test
