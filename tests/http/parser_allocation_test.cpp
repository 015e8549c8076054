#include <cstdlib>
#include <new>
#include <string>

#include <doctest/doctest.h>

#include "http/parser.hpp"

namespace {
thread_local std::size_t allocations = 0;  // of this thread, whole program
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace tapedeck;
using namespace tapedeck::http;

TEST_CASE("parser: a message allocates nothing once the field table has grown") {
  const std::string request =
      "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n5;x\r\nhello\r\n0\r\nT: 1\r\n\r\n";
  FieldTable table;
  const auto limits = strict_request_limits();
  MessageParser parser(Side::request, Mode::strict, limits, table);
  std::size_t before = 0;
  int ends = 0;
  for (int message = 0; message < 3; ++message) {
    if (message == 1) before = allocations;
    for (ConstBytes rest = as_bytes(request); !rest.empty();) {
      const auto event = parser.next(rest);
      ends += event.step == Step::end ? 1 : 0;
      rest = rest.subspan(event.consumed);
      if (event.step == Step::trailers && parser.next(rest).step == Step::end) ++ends;
    }
  }
  CHECK(ends == 3);
  CHECK(allocations == before);
}
