// Exchanges in two rows, bodies in parts that leave while they arrive.
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "format/format_error.hpp"
#include "tests/format/tape_fixture.hpp"
#include "tests/format/two_rows.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

http::Exchange upload(int n, std::string body = "id=1") {
  http::Exchange e;
  auto connection = std::make_shared<http::Connection>();
  connection->number = static_cast<std::uint64_t>(n + 1);
  connection->client = *http::parse_socket_address("192.0.2.1:4000");
  e.connection = std::move(connection);
  e.request.head = "POST /upload/" + std::to_string(n) + " HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  e.request.first = kNow + std::chrono::milliseconds(n);
  e.request.last = e.request.first + std::chrono::milliseconds(1);
  e.response.first = e.response.last = e.request.first + std::chrono::seconds(30);
  e.request.body = {http::BodyState::kept, std::move(body), {}, {}, {}};
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  e.response.body = {http::BodyState::kept, "answer " + std::to_string(n), {}, {}, {}};
  return e;
}

struct Written {
  std::shared_ptr<std::string> bytes = std::make_shared<std::string>();
  format::TapeWriter writer = *format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
};

format::BodyPart part(std::string bytes, bool last = false) {
  format::BodyPart made;
  made.bytes = std::move(bytes);
  made.last = last;
  return made;
}

}  // namespace

TEST_CASE("exchanges in one row and in two, bodies in parts or not, are read back to the byte") {
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    const WrittenTape tape = write_two_rows(seed, 250, small_chunks());
    auto reader = open_bytes(tape.bytes);
    check_equal(read_all(reader), in_time_order(tape.exchanges));
    CHECK(reader.damage().intact());
    const auto report = reader.verify();
    CHECK(report->intact());
    CHECK(report->kept == 250);
    for (const http::Exchange& e : tape.exchanges) {
      const auto found = reader.find(http::to_string(e.id));
      REQUIRE(found.has_value());
      CHECK(equal(*found, e));
    }
  }
}

TEST_CASE("without an index the rows of an exchange find each other, too") {
  const WrittenTape tape = write_two_rows(4, 200, small_chunks());
  auto reader = open_bytes(tape.bytes.substr(0, tape.bytes.size() - 1));  // no footer: scanned
  check_equal(read_all(reader), in_time_order(tape.exchanges));
  CHECK(reader.damage().completions_lost == 0);
}

TEST_CASE("two rows of an exchange count once in the totals, by footers and by rows") {
  const WrittenTape tape = write_two_rows(5, 200, small_chunks());
  auto by_footers = open_bytes(tape.bytes).summary();
  auto by_rows = open_bytes(tape.bytes.substr(0, tape.bytes.size() - 1)).summary();
  REQUIRE(by_footers.has_value());
  REQUIRE(by_rows.has_value());
  CHECK(by_footers->exchanges == 200);
  by_rows->sealed = by_footers->sealed;
  by_rows->bytes = by_footers->bytes;
  CHECK(by_rows->to_json() == by_footers->to_json());
}

TEST_CASE("opening rows, completions and parts: any number of workers writes the same bytes") {
  const std::string expected = write_two_rows(6, 120, small_chunks(0)).bytes;
  for (unsigned workers = 1; workers <= 8; ++workers) {
    CAPTURE(workers);
    CHECK(write_two_rows(6, 120, small_chunks(workers)).bytes == expected);
  }
}

TEST_CASE("an exchange is on the tape while it is under way, with the bytes of its request that came so far") {
  Written tape;
  http::Exchange e = upload(0);
  const format::BlobNumber body = tape.writer.begin_body();
  REQUIRE(tape.writer.append_body(body, part("first, "), kNow).has_value());
  http::Exchange opening = e;
  opening.request.body.bytes.clear();
  e.id = *tape.writer.open(opening, kNow, {body, 0});
  REQUIRE(tape.writer.append_body(body, part("second"), kNow).has_value());
  REQUIRE(tape.writer.tick(kNow + std::chrono::seconds(1), kNow).has_value());
  auto killed = open_bytes(*tape.bytes);
  const auto rows = read_all(killed);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].request.head == e.request.head);
  CHECK(rows[0].request.body.bytes == "first, second");
  CHECK(rows[0].flags.has(http::Flag::request_truncated));
  CHECK(rows[0].flags.has(http::Flag::response_missing));
  CHECK(rows[0].flags.has(http::Flag::cut_off));
  CHECK(rows[0].reason == http::Reason::cut_off);
  CHECK(rows[0].status == 0);
  CHECK(killed.damage().completions_lost == 0);

  REQUIRE(tape.writer.append_body(body, part(", third", true), kNow).has_value());
  REQUIRE(tape.writer.complete(e.id, e, kNow, {body, 0}).has_value());
  REQUIRE(tape.writer.seal(kNow).has_value());
  auto reader = open_bytes(*tape.bytes);
  e.request.body.bytes = "first, second, third";
  check_equal(read_all(reader), {e});
}

TEST_CASE("what is open when the tape is sealed is cut off") {
  Written tape;
  const http::Exchange e = upload(0);
  const auto id = *tape.writer.open(e, kNow);
  REQUIRE(tape.writer.seal(kNow).has_value());
  auto reader = open_bytes(*tape.bytes);
  const auto rows = read_all(reader);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].id == id);
  CHECK(rows[0].request.body.bytes == "id=1");
  CHECK(rows[0].flags.has(http::Flag::cut_off));
  CHECK_FALSE(rows[0].flags.has(http::Flag::request_truncated));
  CHECK(rows[0].reason == http::Reason::cut_off);
  CHECK(reader.verify()->intact());
  CHECK(reader.summary()->status_classes.at("none") == 1);
  CHECK(reader.summary()->endpoints.begin()->first.path_template == "/upload/{id}");
}

TEST_CASE("a completion can stand in a later segment than its opening") {
  Written tape;
  std::vector<http::Exchange> expected;
  for (int n = 0; n < 3; ++n) {
    expected.push_back(upload(n));
    expected.back().id = *tape.writer.open(expected.back(), kNow);
  }
  const auto second = std::make_shared<std::string>();
  REQUIRE(tape.writer.next_segment(std::make_unique<MemorySink>(second), kNow).has_value());
  for (const http::Exchange& e : expected) REQUIRE(tape.writer.complete(e.id, e, kNow).has_value());
  REQUIRE(tape.writer.seal(kNow).has_value());
  CHECK(tape.writer.acknowledged().completions == 3);
  for (const std::string& bytes : {*tape.bytes + *second, *second + *tape.bytes}) {
    auto reader = open_bytes(bytes);
    check_equal(read_all(reader), expected);
    CHECK(reader.verify()->intact());
  }
  auto first_alone = open_bytes(*tape.bytes);
  CHECK(read_all(first_alone)[2].reason == http::Reason::cut_off);
  auto second_alone = open_bytes(*second);
  CHECK(read_all(second_alone).empty());
  CHECK(second_alone.verify()->intact());
}

TEST_CASE("an exchange is completed once, and only if it was opened") {
  Written tape;
  const http::Exchange e = upload(0);
  const auto id = *tape.writer.open(e, kNow);
  REQUIRE(tape.writer.complete(id, e, kNow).has_value());
  CHECK(tape.writer.complete(id, e, kNow).error().code == format::errc::not_found);
  CHECK(tape.writer.complete({kRecording, 7}, e, kNow).error().code == format::errc::not_found);
  CHECK(tape.writer.append_body(99, part("x"), kNow).error().code == format::errc::not_found);
  CHECK(tape.writer.append(e, kNow, {99, 0}).error().code == format::errc::not_found);
}

TEST_CASE("opening rows let the watermark pass exchanges that go on") {
  Written tape;
  http::Exchange slow = upload(0);
  slow.id = *tape.writer.open(slow, kNow);
  std::vector<http::Exchange> quick;
  for (int n = 1; n < 4; ++n) {
    REQUIRE(tape.writer.tick(kNow + std::chrono::seconds(2 * n), kNow + std::chrono::milliseconds(n)).has_value());
    quick.push_back(upload(n));
    quick.back().id = *tape.writer.append(quick.back(), kNow + std::chrono::seconds(2 * n));
  }
  REQUIRE(tape.writer.complete(slow.id, slow, kNow + std::chrono::seconds(9)).has_value());
  REQUIRE(tape.writer.seal(kNow).has_value());
  auto reader = open_bytes(*tape.bytes);
  const auto rows = read_all(reader);
  REQUIRE(rows.size() == 4);
  CHECK(equal(rows[0], slow));
  for (const http::Exchange& e : rows) CHECK_FALSE(e.flags.has(http::Flag::late_row));
}

TEST_CASE("a sink that fails at any byte: rows and completions that were acknowledged are there, whole") {
  struct Run {
    std::map<std::uint64_t, http::Exchange> opened;  // by ordinal
    std::map<std::uint64_t, std::uint64_t> done;     // ordinal by completion
    format::Acknowledged acknowledged;
  };
  const auto write = [](std::unique_ptr<format::ByteSink> sink) {
    Run run;
    auto writer = format::TapeWriter::create(std::move(sink), small_chunks(), kNow);
    if (!writer) return run;
    std::map<int, http::ExchangeId> open;
    std::map<int, format::BlobNumber> bodies;
    for (int n = 0; n < 10; ++n) {
      http::Exchange e = upload(n, "first half, second half");
      bodies[n] = writer->begin_body();
      if (!writer->append_body(bodies[n], part("first half, "), kNow)) break;
      const auto id = writer->open(e, kNow, {bodies[n], 0});
      if (!id) break;
      open[n] = e.id = *id;
      run.opened[id->ordinal] = e;
      if (n >= 2) {
        if (!writer->append_body(bodies[n - 2], part("second half", true), kNow)) break;
        const auto number = writer->complete(open[n - 2], upload(n - 2), kNow, {bodies[n - 2], 0});
        if (!number) break;
        run.done[*number] = open[n - 2].ordinal;
      }
      (void)writer->tick(kNow + std::chrono::seconds(n), kNow);
      run.acknowledged = writer->acknowledged();
    }
    return run;
  };
  const auto whole = std::make_shared<std::string>();
  write(std::make_unique<MemorySink>(whole));
  for (const auto death : {FaultySink::Death::full_disk, FaultySink::Death::killed}) {
    for (std::size_t limit = 200; limit < whole->size(); limit += 7) {
      CAPTURE(limit);
      const auto bytes = std::make_shared<std::string>();
      const Run run = write(std::make_unique<FaultySink>(bytes, limit, death));
      auto reader = open_bytes(*bytes);
      std::map<std::uint64_t, http::Exchange> read;
      for (http::Exchange& e : read_all(reader)) read.emplace(e.id.ordinal, std::move(e));
      for (std::uint64_t ordinal = 0; ordinal < run.acknowledged.written; ++ordinal) {
        REQUIRE(read.contains(ordinal));
        REQUIRE(read.at(ordinal).request.head == run.opened.at(ordinal).request.head);
        REQUIRE(read.at(ordinal).request.body.bytes.starts_with("first half, "));
      }
      for (std::uint64_t number = 0; number < run.acknowledged.completions; ++number) {
        const std::uint64_t ordinal = run.done.at(number);
        REQUIRE(equal(read.at(ordinal), run.opened.at(ordinal)));
      }
    }
  }
}

TEST_CASE("after a full disk the next segment cuts off what was open, wherever the disk was full") {
  const auto write = [](std::unique_ptr<format::ByteSink> sink, const std::shared_ptr<std::string>& second,
                        std::set<std::uint64_t>& completed) {
    auto writer = format::TapeWriter::create(std::move(sink), small_chunks(), kNow);
    const auto next_segment = [&] { return writer->next_segment(std::make_unique<MemorySink>(second), kNow); };
    REQUIRE(writer.has_value());
    std::map<std::uint64_t, std::uint64_t> done;
    bool failed = false;
    for (int n = 0; n < 8 && !failed; ++n) {
      const format::BlobNumber body = writer->begin_body();
      (void)writer->append_body(body, part("begun, "), kNow);
      const auto id = writer->open(upload(n), kNow, {body, 0});
      (void)writer->append_body(body, part("more"), kNow);
      if (id && n % 2 == 0) {
        const auto number = writer->complete(*id, upload(n), kNow, {body, 0});
        if (number) done[*number] = id->ordinal;
      }
      failed = !writer->tick(kNow + std::chrono::seconds(n), kNow);
    }
    for (std::uint64_t i = 0; i < writer->acknowledged().completions; ++i) completed.insert(done.at(i));
    const std::uint64_t kept = writer->acknowledged().written;
    // It can be full while the segment is sealed, too.
    if (!next_segment()) REQUIRE(next_segment().has_value());
    REQUIRE(writer->seal(kNow).has_value());
    return kept;
  };
  std::set<std::uint64_t> all;
  const auto whole = std::make_shared<std::string>();
  write(std::make_unique<MemorySink>(whole), std::make_shared<std::string>(), all);
  for (std::size_t limit = 200; limit < whole->size(); limit += 11) {
    CAPTURE(limit);
    const auto first = std::make_shared<std::string>();
    const auto second = std::make_shared<std::string>();
    std::set<std::uint64_t> completed;
    const std::uint64_t kept = write(std::make_unique<FaultySink>(first, limit), second, completed);
    auto reader = open_bytes(*first + *second);
    const auto rows = read_all(reader);
    REQUIRE(rows.size() == kept);
    for (const http::Exchange& e : rows) {
      const bool is_whole = completed.contains(e.id.ordinal);
      REQUIRE(e.flags.has(http::Flag::cut_off) == !is_whole);
      if (!is_whole) REQUIRE((e.reason == http::Reason::disk_full || e.reason == http::Reason::cut_off));
      REQUIRE(e.request.body.bytes.starts_with("begun, "));
    }
    REQUIRE_FALSE(reader.verify()->tail_unknown);
    REQUIRE(reader.verify()->degraded.empty());
  }
}
