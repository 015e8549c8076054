#include "format/foreign/exchange_sorter.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/format/tape_fixture.hpp"
#include "tests/support/temp_directory.hpp"

namespace tapedeck::test {
namespace {

/// Times that go back and forth and repeat; the number stands in the request.
http::Exchange numbered(std::uint32_t number, std::size_t padding = 0) {
  http::Exchange e;
  auto connection = std::make_shared<http::Connection>();
  connection->number = number % 7 + 1;
  e.connection = connection;
  e.flags.set(http::Flag::imported);
  e.status = 200;
  e.request.head = "GET /" + std::to_string(number) + " HTTP/1.1\r\n\r\n";
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  if (padding > 0) {
    e.response.body.state = http::BodyState::kept;
    e.response.body.bytes = std::string(padding, static_cast<char>('a' + number % 26)) + std::to_string(number);
  }
  e.request.first = e.request.last = e.response.first = e.response.last = time_from_ns((number * 7919) % 50);
  return e;
}

struct Sorted {
  std::vector<http::Exchange> exchanges;
  std::uint64_t spilled = 0;
  std::uint64_t left_out = 0;
};

Sorted sort(std::vector<http::Exchange> exchanges, std::uint64_t memory) {
  const TempDirectory directory;
  format::ExchangeSorter sorter({.memory = memory, .directory = directory.path(), .tape = {}});
  for (http::Exchange& e : exchanges) REQUIRE(sorter.add(std::move(e)).has_value());
  Sorted sorted;
  const auto drained = sorter.drain([&](http::Exchange& e) -> Result<void> {
    sorted.exchanges.push_back(std::move(e));
    return {};
  });
  REQUIRE(drained.has_value());
  CHECK(std::filesystem::is_empty(directory.path()));
  sorted.spilled = sorter.spilled_tapes();
  sorted.left_out = sorter.left_out();
  return sorted;
}

std::vector<http::Exchange> some(std::uint32_t count, std::size_t padding) {
  std::vector<http::Exchange> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(numbered(i, padding));
  return all;
}

std::vector<std::string> heads(const std::vector<http::Exchange>& exchanges) {
  std::vector<std::string> all;
  for (const http::Exchange& e : exchanges) all.push_back(e.request.head);
  return all;
}

TEST_CASE("Exchanges come out by their first byte, equal ones as they went in, spilled or not") {
  const auto given = some(1000, 100);
  const auto expected = heads(in_time_order(given));
  const Sorted held = sort(given, 1u << 30);
  CHECK(held.spilled == 0);
  CHECK(heads(held.exchanges) == expected);
  const Sorted spilled = sort(given, 100'000);
  CHECK(spilled.spilled > 4);
  CHECK(heads(spilled.exchanges) == expected);
}

TEST_CASE("More spilled tapes than are merged at once are merged in levels") {
  const auto given = some(700, 10);
  const Sorted sorted = sort(given, 1);  // each exchange a tape
  CHECK(sorted.spilled == 700);
  CHECK(heads(sorted.exchanges) == heads(in_time_order(given)));
}

TEST_CASE("A spilled exchange comes back equal") {
  std::vector<http::Exchange> given;
  ExchangeGenerator generator(7);
  for (int i = 0; i < 200; ++i) {
    http::Exchange e = generator.next();
    e.id = {};
    e.flags.clear(http::Flag::late_row);
    given.push_back(std::move(e));
  }
  const Sorted held = sort(given, 1u << 30);
  const Sorted spilled = sort(given, 20'000);
  CHECK(spilled.spilled > 1);
  check_equal(spilled.exchanges, held.exchanges);
}

TEST_CASE("What fits no tape is left out when it is spilled, and counted") {
  auto given = some(3, 0);
  given[1].request.head.insert(4, std::string(3u << 20, 'x'));
  const Sorted sorted = sort(given, 1);
  CHECK(sorted.exchanges.size() == 2);
  CHECK(sorted.left_out == 1);
}

TEST_CASE("A directory that cannot be written is an error that names it") {
  format::ExchangeSorter sorter({.memory = 1, .directory = "/absent/directory", .tape = {}});
  const auto added = sorter.add(numbered(1));
  REQUIRE(added.has_error());
  CHECK(added.error().message.find("/absent/directory") != std::string::npos);
}

}  // namespace
}  // namespace tapedeck::test
