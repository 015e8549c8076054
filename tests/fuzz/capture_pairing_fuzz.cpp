#include <cstdint>
#include <cstdlib>
#include <set>

#include "capture/capture_run.hpp"

// A list of segments of one connection, by four bytes each: direction and flags, sequence, length, acknowledgment.
// Their bytes are cut from two short dialogues, or are the input's own. Whatever comes: the account adds up, and the
// sink sees each exchange begin and end once.
namespace {

using namespace tapedeck;
using namespace tapedeck::capture;

struct StrictSink final : http::ExchangeSink {
  void take(const http::ExchangePart& part) noexcept override {
    if (std::holds_alternative<http::BeginPart>(part.content)) {
      if (!open.insert(part.exchange).second) std::abort();
    } else if (!open.contains(part.exchange)) {
      std::abort();
    }
    if (std::holds_alternative<http::EndPart>(part.content)) open.erase(part.exchange);
  }
  void lost(const http::Loss&) noexcept override {}
  void advance(Time) noexcept override {}
  std::set<std::uint64_t> open;
};

constexpr std::string_view kClient =
    "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    "HEAD /c HTTP/1.1\r\n\r\nPUT /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
constexpr std::string_view kServer =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 No\r\n\r\n"
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: x\r\n\r\nHTTP/1.0 200 OK\r\n\r\nrest";

std::uint64_t sum(const Counts& counts) {
  std::uint64_t all = 0;
  for (const auto& [reason, count] : counts) all += count;
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  StrictSink sink;
  CaptureAccount account;
  Limits limits;
  limits.store_segments = 8;
  limits.store_bytes = 200;
  limits.unanswered = 3;
  limits.waiting_bytes = 2000;
  PairingContext context{
      .sink = sink, .account = account, .limits = limits, .request_fields = {}, .response_fields = {}};
  FlowTable flows(context, limits);
  Tick now{.packet = 1, .clock = time_from_ns(1'000'000'000)};
  for (std::size_t at = 0; at + 4 <= size; at += 4, ++now.packet) {
    const std::uint8_t what = data[at];
    const bool client = (what & 1) != 0;
    const std::string_view stream = client ? kClient : kServer;
    Segment s;
    s.source.size = s.destination.size = 4;
    s.source.port = client ? 1 : 2;
    s.destination.port = client ? 2 : 1;
    s.flags = {
        .fin = (what & 0x0e) == 2, .syn = (what & 0x0e) == 4, .rst = (what & 0x0e) == 6, .ack = (what & 0x10) == 0};
    const std::uint32_t base = (what & 0x20) != 0 ? 0xffffffc0u : 1000;
    s.sequence = base + data[at + 1] + ((what & 0x0e) == 8 ? 0x50000000u : 0);
    const std::size_t from = std::min<std::size_t>(data[at + 1], stream.size());
    std::string_view payload = stream.substr(from, data[at + 2]);
    if ((what & 0x40) != 0)
      payload = {reinterpret_cast<const char*>(data) + at, std::min<std::size_t>(size - at, data[at + 2])};
    s.payload = as_bytes(payload);
    s.payload_length = static_cast<std::uint32_t>(payload.size()) + ((what & 0x0e) == 0x0a ? 7 : 0);
    s.acknowledgment = base + data[at + 3];
    if ((what & 0x80) != 0) {
      now.clock += std::chrono::milliseconds(data[at + 3] * 10);
      now.packet += 300;
    }
    flows.take(s, now.clock, now);
    flows.settle(now);
  }
  flows.finish(now);
  if (!sink.open.empty()) std::abort();
  if (flows.stored_bytes() != 0) std::abort();
  if (flows.oldest_held()) std::abort();
  if (account.payload !=
      account.delivered + account.duplicate + account.too_late + account.cut_by_snaplen + sum(account.refused))
    std::abort();
  if (account.delivered != account.http + account.resync + sum(account.opaque)) std::abort();
  return 0;
}
