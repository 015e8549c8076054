#include <doctest/doctest.h>

#include "tests/format/tape_fixture.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

TEST_CASE("what is written is read back to the byte, in order of the first request byte") {
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    const std::string inner = write_tape(ExchangeGenerator(seed), 3, small_chunks()).bytes;
    const WrittenTape tape = write_tape(ExchangeGenerator(seed + 100, inner), 300, small_chunks());
    auto reader = open_bytes(tape.bytes);
    check_equal(read_all(reader), in_time_order(tape.exchanges));
    CHECK(reader.damage().intact());
    CHECK(reader.damage().kept == 300);
  }
}
