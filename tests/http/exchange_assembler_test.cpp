#include "http/exchange_assembler.hpp"

#include <string>

#include <doctest/doctest.h>

namespace tapedeck::http {
namespace {

constexpr std::uint64_t kNoLimit = 1 << 20;

Time at(std::int64_t ns) { return time_from_ns(ns); }

/// Feeds parts to an assembler; each call is one part.
struct Feeder {
  ExchangeAssembler& assembler;
  std::uint64_t exchange = 1;

  std::optional<Exchange> take(std::int64_t ns, decltype(ExchangePart::content) content) const {
    return assembler.take({exchange, at(ns), std::move(content)});
  }
  void begin(std::int64_t ns) const {
    CHECK_FALSE(take(ns, BeginPart{std::make_shared<Connection>(), 3, 0, Version::http_1_0}));
  }
  void head(std::int64_t first, std::int64_t last, Side side, std::string_view text, std::uint16_t status = 0) const {
    CHECK_FALSE(take(last, HeadPart{side, as_bytes(text), at(first), status}));
  }
  void body(std::int64_t ns, Side side, std::string_view text) const {
    CHECK_FALSE(take(ns, BodyPart{side, as_bytes(text)}));
  }
  void gap(std::int64_t ns, Side side, std::uint64_t length) const { CHECK_FALSE(take(ns, GapPart{side, length})); }
  Exchange end(EndPart part = {}) const {
    auto exchange_ended = take(100, part);
    REQUIRE(exchange_ended);
    return std::move(*exchange_ended);
  }
};

constexpr std::string_view kPost = "POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";

TEST_CASE("parts become the exchange they were cut from") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(1, 2, Side::request, kPost);
  feed.body(3, Side::request, "abc");
  feed.body(4, Side::request, "def");
  CHECK_FALSE(feed.take(5, InterimPart{as_bytes("HTTP/1.1 103 Early Hints\r\n\r\n")}));
  feed.head(6, 7, Side::response, kOk, 200);
  feed.body(8, Side::response, "okay");
  CHECK_FALSE(feed.take(9, TrailersPart{Side::response, as_bytes("X: y\r\n")}));
  EndPart end;
  end.flags.set(Flag::response_chunked);
  end.rules = "bare_lf";
  end.request_body_length = 6;
  const Exchange x = feed.end(end);
  CHECK(x.sequence == 3);
  CHECK(x.version == Version::http_1_0);
  CHECK(x.status == 200);
  CHECK(x.request.head == kPost);
  CHECK(x.request.body.bytes == "abcdef");
  CHECK(x.request.body.state == BodyState::kept);
  CHECK_FALSE(x.request.body.wire_length);
  CHECK(x.request.first == at(1));
  CHECK(x.request.last == at(4));
  CHECK(x.response.head == kOk);
  CHECK(x.response.body.bytes == "okay");
  CHECK(x.response.trailers == "X: y\r\n");
  CHECK(x.response.first == at(6));
  CHECK(x.response.last == at(9));
  CHECK(x.interim == std::vector<std::string>{"HTTP/1.1 103 Early Hints\r\n\r\n"});
  CHECK(x.flags == end.flags);
  CHECK(x.reason == Reason::none);
  CHECK(x.rules == "bare_lf");
  CHECK(assembler.bytes() == 0);
  CHECK(assembler.open_count() == 0);
}

TEST_CASE("exchanges may interleave") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder one{assembler, 1}, two{assembler, 2};
  one.begin(1);
  one.head(1, 1, Side::request, "GET /1 HTTP/1.1\r\n\r\n");
  two.begin(2);
  two.head(2, 2, Side::request, "GET /2 HTTP/1.1\r\n\r\n");
  CHECK(assembler.open_count() == 2);
  CHECK(assembler.oldest_open() == at(1));
  CHECK(one.end().request.head == "GET /1 HTTP/1.1\r\n\r\n");
  CHECK(assembler.oldest_open() == at(2));
  CHECK(two.end().request.head == "GET /2 HTTP/1.1\r\n\r\n");
  CHECK_FALSE(assembler.oldest_open());
}

TEST_CASE("a body longer than the limit keeps its prefix and its true length") {
  ExchangeAssembler assembler(4);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(1, 1, Side::request, kPost);
  feed.body(2, Side::request, "abc");
  feed.body(3, Side::request, "def");
  feed.head(4, 4, Side::response, kOk, 200);
  feed.body(5, Side::response, "okay");  // just fits
  const Exchange x = feed.end();
  CHECK(x.request.body.bytes == "abcd");
  CHECK(x.request.body.wire_length == 6);
  CHECK(x.flags.has(Flag::request_truncated));
  CHECK(x.response.body.bytes == "okay");
  CHECK_FALSE(x.response.body.wire_length);
  CHECK_FALSE(x.flags.has(Flag::response_truncated));
  CHECK(x.reason == Reason::none);
}

TEST_CASE("pieces that the source left out show as truncated, with the length it names") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(1, 1, Side::request, kPost);
  feed.body(2, Side::request, "abc");
  feed.head(4, 4, Side::response, kOk, 200);
  EndPart end;
  end.request_body_length = 6;
  end.flags.set(Flag::response_truncated);  // and nobody knows the length
  const Exchange x = feed.end(end);
  CHECK(x.request.body.wire_length == 6);
  CHECK(x.flags.has(Flag::request_truncated));
  CHECK(x.response.body.state == BodyState::kept);
  CHECK_FALSE(x.response.body.wire_length);
}

TEST_CASE("a request without an answer ends where its last byte was") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(1, 5, Side::request, kPost);
  const Exchange x = feed.end();
  CHECK(x.flags.has(Flag::response_missing));
  CHECK_FALSE(x.has_response());
  CHECK(x.response.first == at(5));
  CHECK(x.response.last == at(5));
  CHECK(x.request.body.state == BodyState::none);
}

TEST_CASE("a response alone begins and sorts by its own first byte") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(7, 8, Side::response, kOk, 200);
  CHECK(assembler.oldest_open() == at(7));
  const Exchange x = feed.end();
  CHECK(x.flags.has(Flag::request_missing));
  CHECK_FALSE(x.flags.has(Flag::response_missing));
  CHECK(x.request.first == at(7));
  CHECK(x.request.last == at(7));
  CHECK(x.response.first == at(7));
}

TEST_CASE("lost body bytes are zeros, listed, and shift nothing") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(1, 1, Side::request, kPost);
  feed.body(2, Side::request, "ab");
  feed.gap(3, Side::request, 2);
  feed.gap(3, Side::request, 1);
  feed.body(4, Side::request, "f");
  const Exchange x = feed.end();
  CHECK(x.request.body.bytes == std::string_view("ab\0\0\0f", 6));
  CHECK(x.gaps == std::vector<BodyGap>{{Side::request, 2, 3}});
  CHECK(x.flags.has(Flag::request_gap));
  CHECK_FALSE(x.flags.has(Flag::request_truncated));
}

TEST_CASE("a hole larger than the limit costs no more than the limit") {
  ExchangeAssembler assembler(8);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(1, 1, Side::request, kPost);
  feed.gap(3, Side::request, std::uint64_t{1} << 40);
  feed.body(4, Side::request, "tail");
  CHECK(assembler.bytes() < 2000);
  const Exchange x = feed.end();
  CHECK(x.request.body.bytes == std::string(8, '\0'));
  CHECK(x.request.body.wire_length == (std::uint64_t{1} << 40) + 4);
  CHECK(x.flags.has(Flag::request_truncated));
  CHECK(x.gaps == std::vector<BodyGap>{{Side::request, 0, 8}});
}

TEST_CASE("a body with too many holes is kept up to the last one listed") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(1, 1, Side::request, kPost);
  for (int i = 0; i < 100; ++i) {
    feed.body(2, Side::request, "x");
    feed.gap(3, Side::request, 1);
  }
  const Exchange x = feed.end();
  CHECK(x.gaps.size() == 64);
  CHECK(x.request.body.bytes.size() == 129);
  CHECK(x.request.body.wire_length == 200);
  CHECK(x.flags.has(Flag::request_truncated));
}

TEST_CASE("what is forgotten stays forgotten up to its end") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(1, 1, Side::request, kPost);
  CHECK(assembler.bytes() > kPost.size());
  CHECK(assembler.forget(1));
  CHECK_FALSE(assembler.forget(1));
  CHECK(assembler.bytes() == 0);
  feed.body(2, Side::request, "abc");
  CHECK_FALSE(feed.take(3, EndPart{}));
  CHECK(assembler.bytes() == 0);
}

TEST_CASE("memory pressure takes the largest bodies first and says so") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder small{assembler, 1}, large{assembler, 2};
  const std::string small_body(20'000, 's'), large_body(60'000, 'l');
  for (const Feeder& feed : {small, large}) {
    feed.begin(1);
    feed.head(1, 1, Side::request, kPost);
  }
  small.body(2, Side::request, small_body);
  large.body(2, Side::request, large_body);
  large.gap(2, Side::request, 1);
  CHECK(assembler.bytes() >= 80'000);
  CHECK(assembler.omittable() >= 80'000);
  assembler.omit_bodies(40'000);
  CHECK(assembler.bytes() <= 40'000);
  large.body(3, Side::request, large_body);
  const Exchange kept = small.end(), omitted = large.end();
  CHECK(kept.request.body.bytes == small_body);
  CHECK(kept.reason == Reason::none);
  CHECK(omitted.request.body.state == BodyState::omitted);
  CHECK(omitted.request.body.omitted_because == OmittedBecause::capture_memory);
  CHECK(omitted.request.body.bytes.empty());
  CHECK(omitted.request.body.wire_length == 120'001);
  CHECK(omitted.flags.has(Flag::request_omitted));
  CHECK(omitted.gaps.empty());
  CHECK(omitted.reason == Reason::capture_memory);
  CHECK(assembler.bytes() == 0);
  CHECK(assembler.omittable() == 0);
}

TEST_CASE("what is open at the end is cut off, and truncated where its head promises more") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder whole{assembler, 1}, half{assembler, 2};
  for (const Feeder& feed : {whole, half}) {
    feed.begin(1);
    feed.head(1, 1, Side::request, kPost);
  }
  whole.body(2, Side::request, "abcdef");
  half.body(2, Side::request, "abc");
  const auto ended = assembler.finish(Reason::cut_off);
  REQUIRE(ended.size() == 2);
  for (const Exchange& x : ended) {
    CHECK(x.flags.has(Flag::cut_off));
    CHECK(x.flags.has(Flag::response_missing));
    CHECK(x.reason == Reason::cut_off);
  }
  CHECK_FALSE(ended[0].flags.has(Flag::request_truncated));
  CHECK(ended[1].flags.has(Flag::request_truncated));
  CHECK(ended[1].request.body.wire_length == 3);
  CHECK(assembler.bytes() == 0);
}

TEST_CASE("body bytes that are taken out on the way count for lengths, gaps and the limit") {
  ExchangeAssembler assembler(10);
  const Feeder feed{assembler};
  feed.begin(1);
  feed.head(1, 2, Side::request, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  feed.body(3, Side::request, "abc");
  CHECK(assembler.held(1, Side::request).bytes == 3);
  CHECK(assembler.held(1, Side::request).since == at(3));
  CHECK(assembler.take_body(1, Side::request, 2) == "ab");
  CHECK(assembler.take_body(1, Side::request, 100) == "c");
  feed.gap(4, Side::request, 2);
  feed.body(5, Side::request, "fghijklm");
  CHECK(assembler.held(1, Side::request).bytes == 7);
  CHECK(assembler.held(1, Side::request).since == at(4));
  CHECK_FALSE(assembler.request_is_whole(1));
  feed.head(6, 7, Side::response, kOk, 200);
  const Exchange x = feed.end();
  CHECK(x.request.body.bytes == std::string(2, '\0') + "fghij");
  CHECK(x.gaps == std::vector<BodyGap>{{Side::request, 3, 2}});
  CHECK(x.request.body.wire_length == 13);
  CHECK(x.flags.has(Flag::request_truncated));
}

TEST_CASE("a request is whole when its head's length is here, and not before") {
  ExchangeAssembler assembler(kNoLimit);
  const Feeder feed{assembler};
  feed.begin(1);
  CHECK_FALSE(assembler.request_is_whole(1));
  feed.head(1, 2, Side::request, kPost);
  feed.body(3, Side::request, "abc");
  CHECK_FALSE(assembler.request_is_whole(1));
  feed.body(3, Side::request, "def");
  CHECK(assembler.request_is_whole(1));
  CHECK(assembler.take_body(1, Side::request, 6) == "abcdef");
  CHECK(assembler.request_is_whole(1));
  CHECK(feed.end().request.body.wire_length == std::nullopt);
}

}  // namespace
}  // namespace tapedeck::http
