#include <functional>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/capture/collector.hpp"
#include "tests/support/conversation.hpp"

// What other recorders of packets lose. Each case has 60 exchanges on 60 connections: all found, paired, byte-exact.
using namespace tapedeck;
using namespace tapedeck::test;

namespace {

constexpr int kConnections = 60;

struct Expected {
  std::string request_head;
  std::string request_body;
  std::string response_head;
  std::string response_body;
};

using Tell = std::function<void(Conversation&, int)>;

std::vector<BuiltPacket> told(const Tell& tell, const Conversation::Setup& base = {}) {
  std::vector<BuiltPacket> all;
  for (int i = 0; i < kConnections; ++i) {
    Conversation::Setup setup = base;
    setup.client = fmt::format("10.0.0.1:{}", 40000 + i);
    setup.start_ms += i * 7;
    Conversation conversation(setup);
    conversation.handshake();
    tell(conversation, i);
    all.insert(all.end(), conversation.packets().begin(), conversation.packets().end());
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  return all;
}

void check_all(const Captured& captured, std::size_t count, std::string_view request_body,
               std::string_view response_body) {
  CHECK(broken_identity(captured.account) == "");
  REQUIRE(captured.exchanges.size() == count);
  for (const http::Exchange& e : captured.exchanges) {
    CHECK(e.has_request());
    CHECK(e.has_response());
    CHECK(e.reason == http::Reason::none);
    CHECK(e.request.body.bytes == request_body);
    CHECK(e.response.body.bytes == response_body);
  }
}

void check(const Tell& tell, std::string_view request_body = "", std::string_view response_body = "ok",
           std::size_t count = kConnections, const Conversation::Setup& base = {}) {
  check_all(capture_all(told(tell, base)), count, request_body, response_body);
}

}  // namespace

TEST_CASE("two_pipelined_requests_in_one_packet") {
  check([](Conversation& c,
           int) { c.client_segment(get("/1") + get("/2")).server(response_with("ok") + response_with("ok")).close(); },
        "", "ok", 2 * kConnections);
}

TEST_CASE("pipelined_in_two_packets") {
  check(
      [](Conversation& c, int) {
        c.client_segment(get("/1"))
            .client_segment(get("/2"))
            .server(response_with("ok"))
            .server(response_with("ok"))
            .close();
      },
      "", "ok", 2 * kConnections);
}

TEST_CASE("overlapping_retransmit") {
  auto packets = told([](Conversation& c, int) {
    c.client_segment("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nabcd")
        .client("efgh")
        .server(response_with("ok"));
  });
  std::vector<BuiltPacket> doubled;
  for (const auto& packet : packets) {
    doubled.push_back(packet);
    if (packet.bytes.ends_with("efgh")) {  // again, together with the four bytes before
      TcpSpec spec{.from = address("10.0.0.1:1"), .to = address("10.0.0.2:80"), .flags = "PA", .payload = "abcdefgh"};
      std::string again = ethernet(ip_packet(spec));
      again.replace(34, 2, packet.bytes.substr(34, 2));
      again.replace(38, 8, packet.bytes.substr(38, 8));
      for (int at = 41, carry = 4; carry > 0 && at >= 38; --at) {  // the sequence number, less 4
        const int digit = static_cast<unsigned char>(again[static_cast<std::size_t>(at)]) - carry;
        again[static_cast<std::size_t>(at)] = static_cast<char>(digit);
        carry = digit < 0 ? 1 : 0;
      }
      doubled.push_back({.time = packet.time, .bytes = again});
    }
  }
  check_all(capture_all(doubled), kConnections, "abcdefgh", "ok");
}

TEST_CASE("sequence_wrap") {
  Conversation::Setup base;
  base.client_sequence = 0xfffffff0u;
  base.server_sequence = 0xffffffe0u;
  base.segment = 10;
  check([](Conversation& c, int) { c.client(post("/", "0123456789abcdef")).server(response_with("ok")).close(); },
        "0123456789abcdef", "ok", kConnections, base);
}

TEST_CASE("ack_moves_mid_request") {
  check(
      [](Conversation& c, int) {
        c.client(get("/0")).server_segment(response_with("ok"));
        c.client_segment("GET /1 HTTP/1.1\r\n")
            .server_ack()
            .client("Host: a\r\n\r\n")
            .server(response_with("ok"))
            .close();
      },
      "", "ok", 2 * kConnections);
}

TEST_CASE("early_response") {
  check(
      [](Conversation& c, int) {
        c.client_segment("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
            .server(response_with("ok"))
            .client("def")
            .close();
      },
      "abcdef");
}

TEST_CASE("continue_100_without_reason") {
  check(
      [](Conversation& c, int) {
        c.client("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            .server("HTTP/1.1 100\r\n\r\n")
            .client("hi")
            .server(response_with("ok"))
            .close();
      },
      "hi");
}

TEST_CASE("several_interim_responses") {
  check([](Conversation& c, int) {
    c.client(get("/"))
        .server("HTTP/1.1 102 Processing\r\n\r\n")
        .server("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n")
        .server("HTTP/1.1 102 Processing\r\n\r\n" + response_with("ok"))
        .close();
  });
}

TEST_CASE("all_zero_body") {
  const std::string zeros(3000, '\0');
  check([&](Conversation& c, int) { c.client(post("/", zeros)).server(response_with(zeros)).close(); }, zeros, zeros);
}

TEST_CASE("header_end_straddles_packets") {
  check(
      [](Conversation& c, int i) {
        const std::string request = post("/", "body");
        const std::size_t cut = request.size() - 4 - 1 - static_cast<std::size_t>(i % 4);
        c.client_segment(request.substr(0, cut)).client(request.substr(cut)).server(response_with("ok")).close();
      },
      "body");
}

TEST_CASE("request_line_split") {
  check([](Conversation& c, int i) {
    const std::string request = get("/a/target");
    const std::size_t cut = 1 + static_cast<std::size_t>(i) % 25;
    c.client_segment(request.substr(0, cut)).client(request.substr(cut)).server(response_with("ok")).close();
  });
}

TEST_CASE("chunk_terminator_split") {
  check([](Conversation& c, int i) {
    const std::string response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    const std::size_t cut = response.size() - 1 - static_cast<std::size_t>(i) % 10;
    c.client(get("/")).server_segment(response.substr(0, cut)).server(response.substr(cut)).close();
  });
}

TEST_CASE("chunk_data_looks_like_terminator") {
  check(
      [](Conversation& c, int) {
        c.client(get("/"))
            .server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n")
            .close();
      },
      "", "\r\n0\r\n\r\n\r\n");
}

TEST_CASE("propfind") {
  check([](Conversation& c, int) {
    c.client("PROPFIND /dav HTTP/1.1\r\nHost: a\r\nDepth: 1\r\n\r\n")
        .server(response_with("ok", "207 Multi-Status"))
        .close();
  });
}

TEST_CASE("head_with_content_length") {
  check(
      [](Conversation& c, int) {
        c.client("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            .server("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")
            .client("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            .server("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")
            .close();
      },
      "", "", 2 * kConnections);
}

TEST_CASE("status_304_with_content_length") {
  check(
      [](Conversation& c, int) {
        c.client(get("/"))
            .server("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n")
            .client(get("/"))
            .server("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n")
            .close();
      },
      "", "", 2 * kConnections);
}

TEST_CASE("status_499") {
  check([](Conversation& c, int) {
    c.client(get("/")).server(response_with("ok", "499 Client Closed Request")).close();
  });
}

TEST_CASE("close_delimited") {
  check([](Conversation& c, int) { c.client(get("/")).server("HTTP/1.0 200 OK\r\n\r\nok").server_fin().client_fin(); });
}

TEST_CASE("body_contains_gor_separator") {
  const std::string body = "a\n\xF0\x9F\x90\xB5\xF0\x9F\x99\x88\xF0\x9F\x99\x89\nb";
  check([&](Conversation& c, int) { c.client(post("/", body)).server(response_with(body)).close(); }, body, body);
}

TEST_CASE("post_of_1_mb") {
  const std::string body(1 << 20, 'x');
  Conversation c;
  c.handshake().client(post("/", body)).server(response_with("ok")).client(post("/", body)).server(response_with("ok"));
  check_all(capture_all(c.packets()), 2, body, "ok");
}

TEST_CASE("post_8k_under_load") {
  const std::string body(8192, 'y');
  check(
      [&](Conversation& c, int) {
        for (int k = 0; k < 20; ++k) c.client(post("/", body)).server(response_with("ok"));
      },
      body, "ok", 20 * kConnections);
}

TEST_CASE("tail_of_file") {
  // No FIN, no packet after the last answer: the end of the capture loses nothing that was whole.
  check(
      [](Conversation& c, int) {
        for (int k = 0; k < 50; ++k) c.client(get("/")).server(response_with("ok"));
      },
      "", "ok", 50 * kConnections);
}

TEST_CASE("ethernet_padding_is_not_data") {
  auto packets = told([](Conversation& c, int) {
    c.client_segment("GET / HTTP/1.1\r\nHost: a\r\n\r")
        .client("\n")
        .server_segment("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        .server("k")
        .close();
  });
  for (auto& packet : packets) packet.bytes.resize(std::max<std::size_t>(packet.bytes.size(), 60));
  check_all(capture_all(packets), kConnections, "", "ok");
}

TEST_CASE("ip_fragments") {
  std::vector<BuiltPacket> fragments;
  std::uint16_t id = 1;
  for (const auto& packet : told([](Conversation&c, int) {
         c.client(post("/", std::string(900, 'f'))).server(response_with("ok")).close();
       })) {
    const std::string payload = packet.bytes.substr(14 + 20);
    IpSpec ip;
    for (std::size_t i = 0; i < 4; ++i) {
      ip.from.bytes[i] = static_cast<std::uint8_t>(packet.bytes[14 + 12 + i]);
      ip.to.bytes[i] = static_cast<std::uint8_t>(packet.bytes[14 + 16 + i]);
    }
    ip.from.size = ip.to.size = 4;
    ip.identification = id++;
    for (std::size_t at = 0; at < payload.size(); at += 256) {
      ip.payload = payload.substr(at, 256);
      ip.fragment_field = static_cast<std::uint16_t>(at / 8 | (at + 256 < payload.size() ? 0x2000u : 0u));
      fragments.push_back({.time = packet.time, .bytes = ethernet(ip_packet(ip))});
    }
  }
  const Captured captured = capture_all(fragments);
  CHECK(captured.account.fragments > 0);
  check_all(captured, kConnections, std::string(900, 'f'), "ok");
}
