#include "replay/connections.hpp"

#include <doctest/doctest.h>

#include "tests/support/planned.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::replay;
using tapedeck::test::planned;

TEST_CASE("recorded: one live connection a recorded one, used again") {
  Connections connections(ConnectionMode::recorded, 0);
  const RequestPtr a = planned({1, 0ms}), b = planned({1, 1ms}), c = planned({2, 1ms});
  const Placement opening = connections.place(*a, MayOpen::yes);
  REQUIRE(opening.open);
  CHECK(connections.on_open(*opening.open).send == a.get());
  connections.on_end(*a);
  CHECK(connections.on_free(*opening.open).send == nullptr);
  const Placement again = connections.place(*b, MayOpen::yes);
  CHECK(again.send == b.get());
  CHECK(again.live == *opening.open);
  CHECK(connections.place(*c, MayOpen::yes).open.has_value());
  CHECK(connections.live_count() == 2);
  CHECK(connections.overflow() == 0);
  connections.withdraw(*c);
}

TEST_CASE("recorded: an unanswered predecessor makes an overflow connection, which is kept and used again") {
  Connections connections(ConnectionMode::recorded, 0);
  const RequestPtr a = planned({1, 0ms}), b = planned({1, 1ms}), c = planned({1, 2ms});
  const LiveId first = *connections.place(*a, MayOpen::yes).open;
  connections.on_open(first);
  const Placement overflow = connections.place(*b, MayOpen::yes);
  REQUIRE(overflow.open);
  CHECK(connections.overflow() == 1);
  CHECK(connections.on_open(*overflow.open).send == b.get());
  connections.on_end(*b);
  connections.on_free(*overflow.open);
  CHECK(connections.place(*c, MayOpen::yes).live == *overflow.open);
  CHECK(connections.overflow() == 1);
}

TEST_CASE("requests of a lane go out in order, whichever connection is ready first") {
  Connections connections(ConnectionMode::recorded, 0);
  const RequestPtr a = planned({1, 0ms}), b = planned({1, 1ms});
  const LiveId first = *connections.place(*a, MayOpen::yes).open;
  const LiveId second = *connections.place(*b, MayOpen::yes).open;
  CHECK(connections.on_open(second).send == a.get());
  CHECK(connections.on_open(first).send == b.get());
}

TEST_CASE("a connection that is announced is there when the request is due") {
  Connections connections(ConnectionMode::recorded, 0);
  const RequestPtr a = planned({1, 0ms});
  const auto live = connections.announce(*a);
  REQUIRE(live);
  CHECK_FALSE(connections.announce(*a));
  CHECK(connections.on_open(*live).send == nullptr);
  const Placement use = connections.place(*a, MayOpen::yes);
  CHECK(use.send == a.get());
  CHECK(use.live == *live);
}

TEST_CASE("an idle connection that the target closed is opened again when the next request is announced") {
  Connections connections(ConnectionMode::recorded, 0);
  const RequestPtr a = planned({1, 0ms});
  const LiveId live = *connections.announce(*a);
  connections.on_open(live);
  connections.on_gone(live);
  CHECK(connections.announce(*a).has_value());
  CHECK(connections.reconnects() == 1);
}

TEST_CASE("after its last request a lane's idle connections are closed") {
  Connections connections(ConnectionMode::recorded, 0);
  const RequestPtr a = planned({1, 0ms}), b = planned({1, 1ms, true});
  const LiveId first = *connections.place(*a, MayOpen::yes).open;
  connections.on_open(first);
  const LiveId second = *connections.place(*b, MayOpen::yes).open;
  connections.on_open(second);
  CHECK(connections.on_end(*b).empty());
  connections.on_free(second);
  const std::vector<LiveId> closed = connections.on_end(*a);
  REQUIRE(closed.size() == 1);
  CHECK(closed.front() == second);
  CHECK(connections.on_free(first).close);
  CHECK(connections.live_count() == 0);
}

TEST_CASE("a last request that is skipped ends its lane too") {
  Connections connections(ConnectionMode::recorded, 0);
  const RequestPtr a = planned({1, 0ms, true});
  const LiveId live = *connections.announce(*a);
  connections.on_open(live);
  CHECK(connections.on_skip(*a).size() == 1);
  CHECK(connections.live_count() == 0);
}

TEST_CASE("pool: never more than N, the longest idle first, none free waits") {
  Connections connections(ConnectionMode::pool, 2);
  const auto make = [] {
    RequestPtr request = planned({0, 0ms});
    return request;
  };
  const RequestPtr a = make(), b = make(), c = make();
  const std::vector<LiveId> lives = connections.fill_pool();
  REQUIRE(lives.size() == 2);
  connections.on_open(lives[1]);
  connections.on_open(lives[0]);
  CHECK(connections.place(*a, MayOpen::yes).live == lives[1]);
  CHECK(connections.place(*b, MayOpen::yes).live == lives[0]);
  const Placement wait = connections.place(*c, MayOpen::yes);
  CHECK(wait.send == nullptr);
  CHECK_FALSE(wait.open);
  CHECK(connections.on_free(lives[0]).send == c.get());
  CHECK(connections.live_count() == 2);
}

TEST_CASE("pool: a connection that is gone is replaced for who waits") {
  Connections connections(ConnectionMode::pool, 1);
  const RequestPtr a = planned({0, 0ms}), b = planned({0, 0ms});
  const LiveId live = connections.fill_pool().front();
  connections.on_open(live);
  connections.place(*a, MayOpen::yes);
  connections.place(*b, MayOpen::yes);
  const Placement next = connections.on_gone(live);
  REQUIRE(next.open);
  CHECK(connections.reconnects() == 1);
  CHECK(connections.on_open(*next.open).send == b.get());
}

TEST_CASE("a failed connect fails the one who waited longest; the next one gets its own try") {
  Connections connections(ConnectionMode::pool, 1);
  const RequestPtr a = planned({0, 0ms}), b = planned({0, 0ms});
  const LiveId live = connections.fill_pool().front();
  connections.place(*a, MayOpen::yes);
  connections.place(*b, MayOpen::yes);
  const Placement next = connections.on_open_failed(live, MayOpen::yes);
  CHECK(next.send == a.get());
  CHECK(next.open.has_value());
  connections.withdraw(*b);
}

TEST_CASE("with the breaker open nothing new is opened, and who waits in vain is told") {
  Connections connections(ConnectionMode::pool, 1);
  const RequestPtr a = planned({0, 0ms}), b = planned({0, 0ms}), c = planned({0, 0ms});
  const LiveId live = connections.fill_pool().front();
  connections.place(*a, MayOpen::yes);
  connections.place(*b, MayOpen::yes);
  const Placement next = connections.on_open_failed(live, MayOpen::no);
  CHECK(next.send == a.get());
  CHECK(next.refused);
  CHECK(connections.stranded(LaneKey{0}) == std::vector<PlannedRequest*>{b.get()});
  CHECK(connections.place(*c, MayOpen::no).refused);
  connections.withdraw(*c);
}

TEST_CASE("a retried request goes before those that wait") {
  Connections connections(ConnectionMode::pool, 1);
  const RequestPtr a = planned({0, 0ms}), b = planned({0, 0ms});
  const LiveId live = connections.fill_pool().front();
  connections.on_open(live);
  connections.place(*a, MayOpen::yes);
  connections.place(*b, MayOpen::yes);
  const Placement reopened = connections.on_gone(live);
  CHECK_FALSE(connections.retry(*a, MayOpen::yes).open);
  CHECK(connections.on_open(*reopened.open).send == a.get());
  connections.withdraw(*b);
}
