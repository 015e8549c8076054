#include "capture/loss_notes.hpp"

#include <doctest/doctest.h>

namespace tapedeck::capture {
namespace {

using namespace std::chrono_literals;

http::Loss loss_of(http::Reason reason, Time at) {
  http::Loss loss;
  loss.reason = reason;
  loss.exchanges = 1;
  loss.bytes = 10;
  loss.from = loss.to = at;
  return loss;
}

TEST_CASE("a reason is noted at most once a second, added up meanwhile") {
  LossNotes notes;
  const Time start = time_from_ns(1'000'000'000'000);
  notes.add(loss_of(http::Reason::queue_full, start));
  REQUIRE(notes.due(start).size() == 1);
  notes.add(loss_of(http::Reason::queue_full, start + 300ms));
  notes.add(loss_of(http::Reason::queue_full, start + 200ms));
  CHECK(notes.due(start + 999ms).empty());
  const auto due = notes.due(start + 1s);
  REQUIRE(due.size() == 1);
  CHECK(due[0].exchanges == 2);
  CHECK(due[0].bytes == 20);
  CHECK(due[0].from == start + 200ms);
  CHECK(due[0].to == start + 300ms);
  CHECK(due[0].level == format::NoteLevel::loss);
  CHECK(notes.due(start + 10s).empty());
}

TEST_CASE("one reason does not hold up another") {
  LossNotes notes;
  const Time start = time_from_ns(1'000'000'000'000);
  notes.add(loss_of(http::Reason::queue_full, start));
  notes.due(start);
  notes.add(loss_of(http::Reason::queue_full, start));
  notes.add(loss_of(http::Reason::tcp_gap, start));
  const auto due = notes.due(start + 1ms);
  REQUIRE(due.size() == 1);
  CHECK(due[0].reason == http::Reason::tcp_gap);
  CHECK(notes.all(start + 2ms).size() == 1);
}

TEST_CASE("what traffic did itself is a fact, no loss") {
  LossNotes notes;
  notes.add(loss_of(http::Reason::one_sided, Time{}));
  CHECK(notes.all(Time{})[0].level == format::NoteLevel::fact);
}

}  // namespace
}  // namespace tapedeck::capture
