#include <doctest/doctest.h>

#include "tests/capture/collector.hpp"
#include "tests/support/conversation.hpp"

// Connections told packet by packet, and the exchanges that come out.
using namespace tapedeck;
using namespace tapedeck::test;

namespace {

Captured captured(const Conversation& conversation) {
  Captured c = capture_all(conversation.packets());
  CHECK(broken_identity(c.account) == "");
  CHECK(c.open == 0);
  CHECK(c.broken_watermarks == 0);
  return c;
}

Lines lines(const Conversation& conversation) { return lines_of(captured(conversation)); }

Conversation connected() { return Conversation().handshake(); }

}  // namespace

TEST_CASE("a request and its response are an exchange, with the addresses and times of its packets") {
  const Captured c =
      captured(connected().client(post("/a", "hello")).wait_ms(10).server(response_with("world!")).close());
  REQUIRE(c.exchanges.size() == 1);
  const http::Exchange& e = c.exchanges[0];
  CHECK(line_of(e) == "POST /a +5 200 +6");
  CHECK(e.request.head == "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  CHECK(to_string(e.connection->client) == "10.0.0.1:40000");
  CHECK(to_string(e.connection->server) == "10.0.0.2:80");
  const Time start = time_from_ns(1'700'000'000'000'000'000);
  CHECK(e.connection->opened == start);
  CHECK(e.request.first == start + std::chrono::milliseconds(3));
  CHECK(e.response.first == start + std::chrono::milliseconds(15));
}

TEST_CASE("times are those of the packets with the first and the last byte") {
  const Captured c = captured(connected()
                                  .client_segment("GET / HT")
                                  .wait_ms(9)
                                  .client_segment("TP/1.1\r\nHost: a\r\n\r\n")
                                  .server_segment("HTTP/1.1 200 OK\r\nContent-Le")
                                  .wait_ms(9)
                                  .server_segment("ngth: 4\r\n\r\nab")
                                  .wait_ms(9)
                                  .server_segment("cd"));
  REQUIRE(c.exchanges.size() == 1);
  const auto ms = [&](Time time) { return (to_ns(time) - to_ns(*c.exchanges[0].connection->opened)) / 1'000'000; };
  CHECK(ms(c.exchanges[0].request.first) == 3);
  CHECK(ms(c.exchanges[0].request.last) == 13);
  CHECK(ms(c.exchanges[0].response.first) == 14);
  CHECK(ms(c.exchanges[0].response.last) == 34);
}

TEST_CASE("messages without body: HEAD, 204, 304, whatever their length says") {
  CHECK(lines(connected()
                  .client("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n")
                  .server("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
                  .client(get("/n"))
                  .server("HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n")
                  .client(get("/d"))
                  .server("HTTP/1.1 204 No Content\r\n\r\n")
                  .client(get("/z"))
                  .server(response_with("z"))
                  .close()) == Lines{"HEAD /h 200", "GET /n 304", "GET /d 204", "GET /z 200 +1"});
}

TEST_CASE("interim responses belong to the request that waits") {
  const Captured c =
      captured(connected()
                   .client("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                   .server("HTTP/1.1 100\r\n\r\n")
                   .server("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
                   .client("hi")
                   .server(response_with("ok"))
                   .close());
  REQUIRE(c.exchanges.size() == 1);
  CHECK(Lines(c.exchanges[0].interim) == Lines{"HTTP/1.1 100\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"});
  CHECK(c.exchanges[0].flags.has(http::Flag::expect_continue));
  CHECK(c.exchanges[0].request.body.bytes == "hi");
  CHECK(c.exchanges[0].reason == http::Reason::none);
}

TEST_CASE("a response without length is read to the close; a reset truncates it") {
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  CHECK(lines(connected().client(get("/")).server(head + "all").server_fin().client_fin()) ==
        Lines{"GET / 200 +3 read_to_close"});
  CHECK(lines(connected().client(get("/")).server(head + "som").server_reset()) ==
        Lines{"GET / 200 +3 response_truncated upstream_aborted read_to_close (aborted)"});
}

TEST_CASE("pipelined requests are answered in order") {
  CHECK(lines(connected()
                  .client_segment(get("/1") + get("/2") + get("/3"))
                  .server(response_with("a") + response_with("bb"))
                  .server(response_with("ccc"))
                  .close()) == Lines{"GET /1 200 +1", "GET /2 200 +2", "GET /3 200 +3"});
}

TEST_CASE("a response that begins before its request is complete is early") {
  CHECK(lines(connected()
                  .client_segment("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
                  .server(response_with("no", "413 Too Large"))
                  .client("def")
                  .client(get("/next"))
                  .server(response_with("yes"))
                  .close()) == Lines{"POST / +6 413 +2 early_response", "GET /next 200 +3"});
}

TEST_CASE("after 101 and after 2xx to CONNECT the connection is opaque, and its bytes are counted") {
  const Captured upgrade =
      captured(connected()
                   .client("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                   .server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nframe")
                   .client("GET / HTTP/1.1 is no request here\r\n\r\n")
                   .close());
  CHECK(lines_of(upgrade) == Lines{"GET /ws 101 upgraded"});
  CHECK(upgrade.account.opaque.at("upgraded") == 5 + 37);

  CHECK(lines(connected()
                  .client("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
                  .server("HTTP/1.1 200 OK\r\n\r\n")
                  .client("\x16\x03\x01")
                  .close()) == Lines{"CONNECT a:443 200 upgraded"});
}

TEST_CASE("an upgrade that the server does not take leaves the connection to HTTP") {
  CHECK(lines(connected()
                  .client("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
                  .server(response_with("a"))
                  .client(get("/2"))
                  .server(response_with("b"))
                  .close()) == Lines{"GET /1 200 +1", "GET /2 200 +1"});
  // The next request was sent before the answer to the upgrade.
  CHECK(
      lines(connected()
                .client_segment("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + get("/2"))
                .server(response_with("a") + response_with("b"))
                .close()) == Lines{"GET /1 200 +1", "GET /2 200 +1"});
}

TEST_CASE("a hole in a body of known length is listed, and reading goes on exactly behind it") {
  const Captured c = captured(connected()
                                  .client(get("/1"))
                                  .server_segment("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
                                  .lose_server("defg")
                                  .server("hij")
                                  .client(get("/2"))
                                  .server(response_with("b"))
                                  .close());
  CHECK(lines_of(c) == Lines{"GET /1 200 +10 response_gap (tcp_gap)", "GET /2 200 +1"});
  CHECK(c.exchanges[0].response.body.bytes == std::string("abc\0\0\0\0hij", 10));
  CHECK(c.exchanges[0].gaps == std::vector<http::BodyGap>{{http::Side::response, 3, 4}});
  CHECK(c.account.missing_wire == 4);
}

TEST_CASE("a lost response costs that response and shifts no other") {
  CHECK(lines(connected()
                  .client(get("/1"))
                  .server(response_with("1"))
                  .client(get("/2"))
                  .lose_server(response_with("2"))
                  .client(get("/3"))
                  .server(response_with("3"))
                  .client(get("/4"))
                  .server(response_with("4"))
                  .close()) ==
        Lines{"GET /1 200 +1", "GET /2 - response_missing (tcp_gap)", "GET /3 200 +1", "GET /4 200 +1"});
}

TEST_CASE("a lost request costs that request and shifts no other") {
  CHECK(lines(connected()
                  .client(get("/1"))
                  .server(response_with("1"))
                  .lose_client(get("/2"))
                  .server(response_with("22"))
                  .client(get("/3"))
                  .server(response_with("333"))
                  .close()) == Lines{"GET /1 200 +1", "- 200 +2 request_missing (tcp_gap)", "GET /3 200 +3"});
}

TEST_CASE("of several lost in a row, each that is left still finds its own") {
  CHECK(lines(connected()
                  .client(get("/1"))
                  .lose_server(response_with("1"))
                  .client(get("/2"))
                  .lose_server(response_with("2"))
                  .lose_client(get("/3"))
                  .server(response_with("333"))
                  .client(get("/4"))
                  .server(response_with("4444"))
                  .close()) == Lines{"GET /1 - response_missing (tcp_gap)", "GET /2 - response_missing (tcp_gap)",
                                     "- 200 +3 request_missing (tcp_gap)", "GET /4 200 +4"});
}

TEST_CASE("with pipelining, what follows a hole is paired in order and said to be uncertain") {
  CHECK(lines(connected()
                  .client_segment(get("/1") + get("/2") + get("/3"))
                  .lose_server(response_with("1"))
                  .server(response_with("22"))
                  .server(response_with("333"))
                  .close()) == Lines{"GET /1 200 +2 pairing_uncertain", "GET /2 200 +3 pairing_uncertain",
                                     "GET /3 - response_missing (tcp_gap)"});
}

TEST_CASE("the rest of a head behind a hole is looked over, not parsed; its response is kept alone") {
  const Captured c = captured(connected()
                                  .client_segment("GET /1 HTTP/1.1\r\nCookie: ")
                                  .lose_client("a=")
                                  .client("b\r\n\r\n")
                                  .server(response_with("1"))
                                  .client(get("/2"))
                                  .server(response_with("2"))
                                  .close());
  CHECK(lines_of(c) == Lines{"- 200 +1 request_missing (tcp_gap)", "GET /2 200 +1"});
  CHECK(c.account.resync == 25 + 5);
}

TEST_CASE("a recognised request of which neither head nor answer is left is reported as lost") {
  const Captured c = captured(
      connected().client_segment("GET /1 HTTP/1.1\r\nCookie: ").lose_client("a=b\r\n\r\n").client_fin().server_fin());
  CHECK(c.exchanges.empty());
  REQUIRE(c.losses.size() == 1);
  CHECK(c.losses[0].reason == http::Reason::tcp_gap);
  CHECK(c.losses[0].exchanges == 1);
  CHECK(c.losses[0].bytes == 25);
}

TEST_CASE("without the handshake both directions look for a start; what came before is cut off") {
  const Conversation c = Conversation()
                             .server("rest of a body\r\n")
                             .server(response_with("0"))
                             .client(get("/1"))
                             .server(response_with("1"))
                             .close();
  CHECK(lines(c) == Lines{"- 200 +1 cut_off request_missing (cut_off)", "GET /1 200 +1"});
}

TEST_CASE("a capture that ends within an exchange says so") {
  CHECK(lines(connected().client(get("/")).server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")) ==
        Lines{"GET / 200 +3 response_truncated cut_off (cut_off)"});
  CHECK(lines(connected().client(get("/"))) == Lines{"GET / - response_missing cut_off (cut_off)"});
}

TEST_CASE("who ended an exchange early is told") {
  CHECK(lines(connected().client(get("/")).server_fin().client_fin()) ==
        Lines{"GET / - response_missing upstream_aborted (aborted)"});
  CHECK(lines(connected().client(get("/")).client_reset()) ==
        Lines{"GET / - response_missing client_aborted (aborted)"});
  CHECK(lines(connected()
                  .client_segment("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
                  .client_fin()
                  .server_fin()) ==
        Lines{"POST / +3 - request_truncated response_missing client_aborted upstream_aborted (aborted)"});
}

TEST_CASE("one direction alone: requests are kept, and not called a loss") {
  Conversation both = connected();
  for (int i = 0; i < 3; ++i) both.client_segment(get("/" + std::to_string(i))).server(response_with("x"));
  std::vector<BuiltPacket> client_only;
  for (const BuiltPacket& packet : both.packets()) {
    if (packet.bytes[14 + 15] == 1) client_only.push_back(packet);  // the last byte of 10.0.0.1
  }
  CHECK(lines_of(capture_all(client_only)) == Lines{"GET /0 - response_missing (one_sided)",
                                                    "GET /1 - response_missing (one_sided)",
                                                    "GET /2 - response_missing (one_sided)"});
}

TEST_CASE("connections that are no HTTP are opaque, by protocol") {
  const Captured tls = captured(connected()
                                    .client(std::string("\x16\x03\x01\x00\x05hello", 10))
                                    .server(std::string("\x16\x03\x03\x00\x02xx", 7)));
  CHECK(tls.exchanges.empty());
  CHECK(tls.account.opaque.at("tls") == 17);
  const Captured h2 = captured(connected().client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").server(std::string(9, '\0')));
  CHECK(h2.account.opaque.at("http2") == 24 + 9);
  const Captured ssh = captured(connected().server("SSH-2.0-OpenSSH_9.2\r\n").client("SSH-2.0-x\r\n"));
  CHECK(ssh.account.opaque.at("not_http") == 21 + 11);
}

TEST_CASE("data in the SYN are a request like any other") {
  auto packets = Conversation().handshake().client(get("/")).server(response_with("a")).close().packets();
  // The SYN carries what the first data segment had: Fast Open.
  TcpSpec syn{.from = address("10.0.0.1:40000"),
              .to = address("10.0.0.2:80"),
              .sequence = 1000,
              .flags = "S",
              .payload = get("/")};
  packets[0].bytes = ethernet(ip_packet(syn));
  packets.erase(packets.begin() + 3);
  CHECK(lines_of(capture_all(packets)) == Lines{"GET / 200 +1"});
}

TEST_CASE("the same ports again: a new SYN begins a new connection") {
  Conversation first = connected();
  first.client(get("/1")).server(response_with("1"));
  Conversation second(Conversation::Setup{.client_sequence = 77, .server_sequence = 88, .start_ms = 1'700'000'001'000});
  second.handshake().client(get("/2")).server(response_with("2")).close();
  auto packets = first.packets();
  packets.insert(packets.end(), second.packets().begin(), second.packets().end());
  const Captured c = capture_all(packets);
  CHECK(lines_of(c) == Lines{"GET /1 200 +1", "GET /2 200 +1"});
  CHECK(c.exchanges[0].connection->number != c.exchanges[1].connection->number);
  CHECK(c.account.flows_seen == 2);
}

TEST_CASE("two contents for one range: the first is kept, and the exchange says so") {
  Conversation c = connected();
  c.client(get("/")).server_segment(response_with("first"));
  auto packets = c.packets();
  packets.push_back(packets.back());
  std::string& again = packets.back().bytes;
  again.replace(again.size() - 5, 5, "other");
  packets.insert(packets.end() - 2, packets.back());
  packets.erase(packets.end() - 1);
  const Captured got = capture_all(packets);
  REQUIRE(got.exchanges.size() == 1);
  CHECK(got.exchanges[0].response.body.bytes == "other");  // it came first here
  CHECK(got.account.overlap_inconsistent == 1);
  CHECK(broken_identity(got.account) == "");
}

TEST_CASE("only the ports asked for are examined, the rest is counted") {
  FakePacketSource source(connected().client(get("/")).server(response_with("a")).close().packets());
  const Captured c = capture_all(source, {.ports = {8080}});
  CHECK(c.exchanges.empty());
  CHECK(c.account.segments == 0);
  CHECK(c.account.skipped.at("other_port") == c.account.packets_read);
  FakePacketSource again(connected().client(get("/")).server(response_with("a")).close().packets());
  CHECK(lines_of(capture_all(again, {.ports = {8080, 80}})) == Lines{"GET / 200 +1"});
}

TEST_CASE("what the snapshot length cut is a hole of known size that closes at once") {
  Conversation c = connected();
  c.client(get("/"))
      .server_segment(response_with(std::string(100, 'x')))
      .server_ack()
      .client(get("/2"))
      .server(response_with("b"));
  auto packets = c.packets();
  BuiltPacket& cut = packets[5];
  cut.wire_length = static_cast<std::uint32_t>(cut.bytes.size());
  cut.bytes.resize(cut.bytes.size() - 60);
  const Captured got = capture_all(packets);
  CHECK(lines_of(got) == Lines{"GET / 200 +100 response_gap (snaplen)", "GET /2 200 +1"});
  CHECK(got.account.missing_snaplen == 60);
  CHECK(got.account.cut_by_snaplen == 60);
  CHECK(broken_identity(got.account) == "");
}

TEST_CASE("more unanswered requests than the limit: the oldest are given up alone, the connection goes on") {
  Conversation c = connected();
  std::string many;
  for (int i = 0; i < 10; ++i) many += get("/" + std::to_string(i));
  c.client(many).server_fin().client_fin();
  capture::Limits limits;
  limits.unanswered = 4;
  const Captured got = capture_all(c.packets(), limits);
  REQUIRE(got.exchanges.size() == 10);
  CHECK(line_of(got.exchanges[0]) == "GET /0 - response_missing (unpaired)");
  CHECK(line_of(got.exchanges[9]) == "GET /9 - response_missing upstream_aborted (aborted)");
}

TEST_CASE("a head beyond its limit costs that message, the next one is found") {
  Conversation c = connected();
  c.client("GET /long HTTP/1.1\r\nX: " + std::string(300 * 1024, 'a') + "\r\n\r\n")
      .server(response_with("1"))
      .client(get("/2"))
      .server(response_with("2"))
      .close();
  CHECK(lines(c) == Lines{"- 200 +1 request_missing (head_limit)", "GET /2 200 +1"});
}

TEST_CASE("drops of the source are handed on as a loss") {
  FakePacketSource source({});
  source.set_stats({.source_drops = 12, .unread_bytes = 5, .unread_where = "a, byte 7"});
  const Captured c = capture_all(source);
  CHECK(c.account.source_drops == 12);
  CHECK(c.account.unread_where == "a, byte 7");
  REQUIRE(c.losses.size() == 1);
  CHECK(c.losses[0].packets == 12);
}

TEST_CASE("a side that closes before anyone sent data has closed when data come") {
  CHECK(lines(connected().client_fin().server(response_with("late", "408 Request Timeout")).server_fin()) ==
        Lines{"- 408 +4 request_missing (one_sided)"});
}
