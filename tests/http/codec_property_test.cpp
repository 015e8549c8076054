#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "http/forwarding.hpp"
#include "http/parser.hpp"
#include "tests/support/http_generator.hpp"
#include "tests/support/http_splits.hpp"

using namespace tapedeck;
using namespace tapedeck::http;
using tapedeck::test::HttpGenerator;
using tapedeck::test::limits_for;
using tapedeck::test::ParseScript;

namespace {

constexpr Mode kModes[] = {Mode::strict, Mode::observe};

/// What the far end must see of a message, whatever the hops do to its framing.
struct Passed {
  bool whole = false;
  std::string head;  // start line and the fields that are for the far end
  std::string body;
  std::string trailers;
  std::string wire;  // how it goes on
  bool operator==(const Passed&) const = default;
};

std::string end_to_end(const Head& head) {
  auto text = std::string(head.method) + " " + std::to_string(head.status) + " " + std::string(head.reason) + "\n";
  for (const auto& field : head.fields) {
    bool hop = false;
    for (const std::string_view name : {"connection", "keep-alive", "te", "upgrade", "transfer-encoding",
                                        "content-length", "content_length", "expect", "trailer", "host"}) {
      hop = hop || equals_ignoring_case(field.name, name);
    }
    if (hop || head.has_token("connection", field.name)) continue;
    // A fold is one space.
    std::string value(field.value);
    for (auto at = value.find("\r\n "); at != std::string::npos; at = value.find("\r\n ")) value.replace(at, 3, " ");
    text += std::string(field.name) + ": " + value + "\n";
  }
  return text;
}

/// Appends a body piece or an end as a proxy would.
void forward(const Event& event, BodyOut body, Passed& passed) {
  if (event.step == Step::body) {
    append(passed.body, event.bytes);
    if (body == BodyOut::chunked) append_chunk(event.bytes, passed.wire);
    if (body != BodyOut::chunked) append(passed.wire, event.bytes);
  }
  if (event.step == Step::end) {
    if (body == BodyOut::chunked) append_last_chunk(as_bytes(passed.trailers), passed.wire);
    passed.whole = true;
  }
}

/// The first message of `bytes`, strictly read and passed on.
Passed pass(Side side, std::string_view bytes) {
  FieldTable table;
  const auto limits = limits_for(side, Mode::strict);
  MessageParser parser(side, Mode::strict, limits, table);
  RequestFacts facts;
  facts.asks_upgrade = true;
  parser.answers(facts);
  Passed passed;
  Rebuilt rebuilt;
  ForwardPolicy policy;
  policy.forwarded = ForwardedHeaders::off;
  policy.upstream_authority = "origin";
  while (true) {
    auto event = parser.next(as_bytes(bytes));
    if (event.step == Step::need_more) event = parser.end_of_input(Ending::fin);
    if (event.step == Step::head) {
      passed.head = end_to_end(parser.head());
      const auto length = parser.content_length();
      rebuilt = side == Side::request
                    ? rebuild_request(parser.head(), parser.framing(), length, {"192.0.2.1"}, policy, passed.wire)
                    : rebuild_response(parser.head(), parser.framing(), length, facts, true, "", passed.wire);
    }
    if (event.step == Step::trailers) append(passed.trailers, event.bytes);
    forward(event, rebuilt.body, passed);
    const bool over = event.step == Step::end || event.step == Step::rejected || event.step == Step::tunnel;
    if (over || event.step == Step::need_more) return passed;
    bytes.remove_prefix(event.consumed);
  }
}

std::vector<std::string> events_of(Side side, Mode mode, std::string_view bytes) {
  ParseScript script(side, mode, limits_for(side, mode));
  script.feed(bytes);
  return script.events();
}

}  // namespace

TEST_CASE("codec: any split of generated messages gives the same events, in both modes") {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    HttpGenerator generator(seed);
    for (const auto side : kSides) {
      auto bytes = generator.message(side);
      if (seed % 3 == 0) bytes = generator.damaged(bytes);
      bytes += generator.message(side);
      for (const auto mode : kModes) test::check_splits({side, mode, bytes, {}});
    }
  }
}

TEST_CASE("codec: the second of two messages starts where the first ended") {
  int pairs = 0;
  for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    HttpGenerator generator(seed);
    for (const auto side : kSides) {
      const auto first = generator.message(side);
      const auto second = generator.message(side);
      for (const auto mode : kModes) {
        auto expected = events_of(side, mode, first);
        if (expected.empty() || expected.back() != "end") continue;
        const auto alone = events_of(side, mode, second);
        expected.insert(expected.end(), alone.begin(), alone.end());
        CHECK(events_of(side, mode, first + second) == expected);
        ++pairs;
      }
    }
  }
  CHECK(pairs > 2000);
}

TEST_CASE("codec: what is passed on is read as what was received, and passes a second time unchanged") {
  int passed_on = 0;
  for (std::uint32_t seed = 1; seed <= 5000; ++seed) {
    CAPTURE(seed);
    HttpGenerator generator(seed);
    for (const auto side : kSides) {
      const auto bytes = generator.message(side);
      CAPTURE(bytes);
      const auto once = pass(side, bytes);
      if (!once.whole) continue;
      ++passed_on;
      const auto twice = pass(side, once.wire);
      CHECK(twice.whole);
      CHECK(twice.wire == once.wire);
      CHECK(twice.head == once.head);
      CHECK(twice.body == once.body);
    }
  }
  CHECK(passed_on > 3000);
}

TEST_CASE("codec: nothing that strict mode accepts is read otherwise by an observer") {
  int accepted = 0;
  for (std::uint32_t seed = 1; seed <= 8000; ++seed) {
    CAPTURE(seed);
    HttpGenerator generator(seed);
    for (const auto side : kSides) {
      const auto bytes = generator.damaged(generator.message(side));
      CAPTURE(bytes);
      const auto strict = events_of(side, Mode::strict, bytes);
      if (strict.empty() || strict.back() == "rejected") continue;
      ++accepted;
      CHECK(events_of(side, Mode::observe, bytes) == strict);
    }
  }
  CHECK(accepted > 1000);
}
