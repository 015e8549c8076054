#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <simdjson.h>

#include "capture/capture.hpp"
#include "tests/capture/collector.hpp"

// Real captures, with what tshark finds in them. tshark is no ceiling: where segments are missing it finds less.
using namespace tapedeck;
using namespace tapedeck::test;

namespace {

std::filesystem::path captures() {
  const char* set = std::getenv("TAPEDECK_DATA");
  return (set != nullptr ? std::filesystem::path(set) : std::filesystem::path("../shared/data")) / "pcaps";
}

struct TruthBody {
  std::string start_line;  // method and target, or status
  std::string sha256;
};

struct Truth {
  std::size_t requests = 0;
  std::size_t responses = 0;
  std::vector<TruthBody> request_bodies;  // whole ones
  std::vector<TruthBody> response_bodies;
};

std::string text(simdjson::dom::element line, const char* key) {
  std::string_view value;
  return line[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

bool is_whole(const std::string& framing) { return framing == "full" || framing == "chunked"; }

Truth read_truth(const std::filesystem::path& path) {
  Truth truth;
  simdjson::dom::parser parser;
  simdjson::dom::document_stream lines;
  REQUIRE(parser.load_many(path.string()).get(lines) == simdjson::SUCCESS);
  for (auto line : lines) {
    const simdjson::dom::element e = line.value();
    std::int64_t status = 0;
    const bool answered = e["status"].get(status) == simdjson::SUCCESS;
    const std::string method = text(e, "method");
    if (!method.empty()) ++truth.requests;
    if (answered) ++truth.responses;
    if (!method.empty() && is_whole(text(e, "req_framing"))) {
      truth.request_bodies.push_back({method + " " + text(e, "uri"), text(e, "req_body_sha256")});
    }
    if (answered && is_whole(text(e, "resp_framing"))) {
      truth.response_bodies.push_back({std::to_string(status), text(e, "resp_body_sha256")});
    }
  }
  return truth;
}

/// How many of `wanted` are not among `found` (as a multiset); removes those that are.
std::size_t missing_of(const std::vector<TruthBody>& wanted, std::map<std::string, std::size_t> found) {
  std::size_t missing = 0;
  for (const TruthBody& body : wanted) {
    auto& left = found[body.start_line + " " + body.sha256];
    if (left == 0) {
      ++missing;
    } else {
      --left;
    }
  }
  return missing;
}

struct Found {
  std::size_t requests = 0;
  std::size_t responses = 0;
  std::size_t pairs = 0;
  std::map<std::string, std::size_t> request_bodies;
  std::map<std::string, std::size_t> response_bodies;
};

Found summary_of(const Captured& captured) {
  Found found;
  for (const http::Exchange& e : captured.exchanges) {
    const auto line = http::request_line_of(e.request.head);
    if (e.has_request()) ++found.requests;
    if (e.has_response()) ++found.responses;
    if (e.has_request() && e.has_response()) ++found.pairs;
    ++found.request_bodies[fmt::format("{} {} {}", line.method, line.target, sha256_hex(e.request.body.bytes))];
    ++found.response_bodies[fmt::format("{} {}", e.status, sha256_hex(e.response.body.bytes))];
  }
  return found;
}

Captured capture_file(const std::filesystem::path& path) {
  auto source = capture::open_capture_files({path});
  REQUIRE_MESSAGE(source.has_value(), source.error().message);
  return capture_all(**source);
}

// Files of plain HTTP/1.x: whatever tshark finds must be found.
const std::vector<std::string> kPlain{"ark-head.pcap",
                                      "ark-reasm.pcap",
                                      "ndpi-start-reply.pcapng",
                                      "ndpi-ua-split.pcapng",
                                      "pcpp-4k-requests.pcap",
                                      "pcpp-http-packets2.pcap",
                                      "pcpp-ipv6-four.pcap",
                                      "pcpp-ns-be.pcap",
                                      "pcpp-tcp-reassembly.pcap",
                                      "scapy-chunk.pcap",
                                      "sv-brotli.pcap",
                                      "sv-gap-simple.pcap",
                                      "sv-onesided-nosyn.pcap",
                                      "sv-pipeline-gap.pcap",
                                      "zeek-100-continue.pcap",
                                      "zeek-1000-req-one-dropped-resp.pcap",
                                      "zeek-bro.org.pcap",
                                      "zeek-content-range-gap.pcap",
                                      "zeek-docker-upgrade.pcap",
                                      "zeek-get-gzip.pcap",
                                      "zeek-get-nosyn.pcap",
                                      "zeek-handshake-reorder.pcap",
                                      "zeek-m57-49583.pcap",
                                      "zeek-methods.pcap",
                                      "zeek-no_crlf.pcap",
                                      "zeek-pipelined.pcap",
                                      "zeek-qinq-0.pcap",
                                      "zeek-tfo.pcap",
                                      "zeek-vlan-collisions.pcap",
                                      "zeek-websocket.pcap",
                                      "zeek-zero-len-drops.pcap"};

// What the others need.
const std::map<std::string, std::string> kLater{{"ark-80211.pcap", "radio headers (IEEE 802.11)"},
                                                {"sv-pppoe.pcap", "PPPoE"},
                                                {"zeek-erspan.pcap", "GRE and ERSPAN"},
                                                {"zeek-vxlan-http.pcap", "VXLAN"},
                                                {"zeek-tls12-keylog.pcap", "TLS"},
                                                {"ws-tls12-dsb.pcapng", "TLS"},
                                                {"self-tls13-http1-dsb.pcapng", "TLS"},
                                                {"sv-h2-deflate.pcap", "HTTP/2"},
                                                {"sv-h2-continuation.pcap", "HTTP/2"},
                                                {"sv-h2-doh-post.pcap", "HTTP/2"},
                                                {"scapy-h2c.pcap", "HTTP/2"},
                                                {"self-h2c-prior-ns.pcap", "HTTP/2"},
                                                {"self-grpc-h2c.pcap", "HTTP/2"}};

}  // namespace

TEST_CASE("real captures: every exchange that tshark finds is found, with equal bodies") {
  if (!std::filesystem::exists(captures())) {
    MESSAGE("skipped: no captures at " << captures().string() << " (set TAPEDECK_DATA)");
    return;
  }
  std::string table = fmt::format("\n{:<38} {:>9} {:>9} {:>5} {:>6} {:>9}\n", "file", "requests", "responses", "pairs",
                                  "bodies", "missing");
  for (const std::string& name : kPlain) {
    CAPTURE(name);
    const Truth truth = read_truth(captures() / "truth" / (name + ".jsonl"));
    const Captured captured = capture_file(captures() / name);
    const Found found = summary_of(captured);
    const std::size_t missing_requests = missing_of(truth.request_bodies, found.request_bodies);
    const std::size_t missing_responses = missing_of(truth.response_bodies, found.response_bodies);
    table +=
        fmt::format("{:<38} {:>4}/{:<4} {:>4}/{:<4} {:>5} {:>3}/{:<3} {:>8}\n", name, found.requests, truth.requests,
                    found.responses, truth.responses, found.pairs,
                    truth.request_bodies.size() + truth.response_bodies.size() - missing_requests - missing_responses,
                    truth.request_bodies.size() + truth.response_bodies.size(),
                    captured.account.missing_wire + captured.account.missing_given_up);
    CHECK(found.requests >= truth.requests);
    CHECK(found.responses >= truth.responses);
    CHECK(missing_requests == 0);
    CHECK(missing_responses == 0);
    CHECK(broken_identity(captured.account) == "");
    CHECK(captured.open == 0);
    CHECK(captured.broken_watermarks == 0);
    if (std::getenv("TAPEDECK_SHOW") != nullptr && name.find(std::getenv("TAPEDECK_SHOW")) != std::string::npos) {
      for (const std::string& line : lines_of(captured).all) table += "  " + line.substr(0, 160) + "\n";
    }
  }
  for (const auto& [name, feature] : kLater) table += fmt::format("{:<38} needs {}, read later\n", name, feature);
  MESSAGE(table);
}

TEST_CASE("real captures: one lost response segment costs exactly one response") {
  const auto path = captures() / "zeek-1000-req-one-dropped-resp.pcap";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no " << path.string());
    return;
  }
  const Captured captured = capture_file(path);
  const Found found = summary_of(captured);
  CHECK(found.requests == 1000);
  CHECK(found.responses == 999);
  const auto whole = std::count_if(captured.exchanges.begin(), captured.exchanges.end(),
                                   [](const http::Exchange& e) { return e.reason == http::Reason::none; });
  CHECK(whole == 999);
}

TEST_CASE("real captures: files that need more are read without harm, and all is counted") {
  if (!std::filesystem::exists(captures())) return;
  for (const auto& later : kLater) {
    const auto& [name, feature] = later;
    INFO(later.first);
    auto source = capture::open_capture_files({captures() / name});
    if (!source) {
      CHECK(source.error().message.find("link type") != std::string::npos);
      continue;
    }
    const Captured captured = capture_all(**source);
    CHECK(broken_identity(captured.account) == "");
  }
}
