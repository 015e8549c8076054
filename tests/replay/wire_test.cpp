#include "replay/wire.hpp"

#include <doctest/doctest.h>

#include "tests/support/recorded_traffic.hpp"

using namespace tapedeck;
using namespace tapedeck::replay;

namespace {

std::string wire_of(const std::string& request, const WireOptions& options) {
  test::RecordedTraffic traffic;
  PlannedRequest planned;
  planned.recorded = traffic.add({1, {}, request});
  planned.wire = wire_bytes(planned.recorded, options);
  std::string all;
  for (const ConstBytes piece : pieces_of(planned)) append(all, piece);
  return all;
}

constexpr auto kOdd =
    "GET /x HTTP/1.1\r\nhost:  a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nX-Folded: a\r\n "
    "b\r\nAccept: */*\r\n\r\n";

}  // namespace

TEST_CASE("recorded connections: every byte as recorded") { CHECK(wire_of(kOdd, {}) == kOdd); }

TEST_CASE("pool: the fields about the recorded connection go, the rest stays as it was") {
  const std::string wire = wire_of(kOdd, {.connections = ConnectionMode::pool, .authority = {}});
  CHECK(wire == "GET /x HTTP/1.1\r\nhost:  a\r\nX-Folded: a\r\n b\r\nAccept: */*\r\n\r\n");
}

TEST_CASE("per-request: says that the connection ends") {
  const std::string wire =
      wire_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n", {.connections = ConnectionMode::per_request, .authority = {}});
  CHECK(wire == "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
}

TEST_CASE("host target: the Host is the target's, in the place of the recorded one") {
  const WireOptions options{
      .connections = ConnectionMode::recorded, .host = http::HostHeader::target, .authority = "b:81"};
  CHECK(wire_of("GET / HTTP/1.1\r\nA: 1\r\nhOst: a\r\nB: 2\r\n\r\n", options) ==
        "GET / HTTP/1.1\r\nA: 1\r\nhOst: b:81\r\nB: 2\r\n\r\n");
  CHECK(wire_of("GET / HTTP/1.0\r\nA: 1\r\n\r\n", options) == "GET / HTTP/1.0\r\nA: 1\r\nHost: b:81\r\n\r\n");
}

TEST_CASE("a field that Connection names but that frames the body stays") {
  const std::string request = "PUT / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 2\r\n\r\nhi";
  CHECK(wire_of(request, {.connections = ConnectionMode::pool, .authority = {}}) ==
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
}

TEST_CASE("trailers of a chunked request go out behind its chunk") {
  test::RecordedTraffic traffic;
  PlannedRequest planned;
  planned.recorded = traffic.add({1, {}, "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0123456789abcdef"});
  planned.recorded.request.trailers = "X-Sum: 7\r\n";
  planned.wire = wire_bytes(planned.recorded, {});
  CHECK(planned.wire.before_body == "10\r\n");
  CHECK(planned.wire.after_body == "\r\n0\r\nX-Sum: 7\r\n\r\n");
}
