#include "tests/capture/collector.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <openssl/sha.h>

namespace tapedeck::test {

using capture::CaptureAccount;

Captured capture_all(capture::PacketSource& source, const capture::CaptureOptions& options,
                     const capture::Limits& limits) {
  Collector sink;
  capture::CaptureRun run(sink, options, limits);
  capture::RawPacket packet;
  for (;;) {
    const auto more = source.read(packet);
    REQUIRE(more.has_value());
    if (!*more) break;
    run.take(packet);
  }
  Captured captured;
  captured.account = run.finish(source.stats());
  captured.exchanges = std::move(sink.exchanges);
  captured.losses = std::move(sink.losses);
  captured.open = sink.open_count();
  captured.broken_watermarks = sink.broken_watermarks;
  const auto first_of = [](const http::Exchange& e) {
    return std::pair(e.has_request() ? e.request.first : e.response.first, std::pair(e.connection->number, e.sequence));
  };
  std::sort(captured.exchanges.begin(), captured.exchanges.end(),
            [&](const http::Exchange& a, const http::Exchange& b) { return first_of(a) < first_of(b); });
  return captured;
}

Captured capture_all(std::vector<BuiltPacket> packets, const capture::Limits& limits) {
  FakePacketSource source(std::move(packets));
  return capture_all(source, {}, limits);
}

namespace {

std::uint64_t sum(const capture::Counts& counts) {
  std::uint64_t all = 0;
  for (const auto& [reason, count] : counts) all += count;
  return all;
}

}  // namespace

std::string broken_identity(const CaptureAccount& a) {
  if (a.packets_read != a.segments + a.fragments + sum(a.skipped)) {
    return fmt::format("packets {} != segments {} + fragments {} + skipped {}", a.packets_read, a.segments, a.fragments,
                       sum(a.skipped));
  }
  const std::uint64_t fates = a.delivered + a.duplicate + a.too_late + a.cut_by_snaplen + sum(a.refused);
  if (a.payload != fates) {
    return fmt::format("payload {} != delivered {} + duplicate {} + too late {} + cut {} + refused {}", a.payload,
                       a.delivered, a.duplicate, a.too_late, a.cut_by_snaplen, sum(a.refused));
  }
  if (a.delivered != a.http + a.resync + sum(a.opaque)) {
    return fmt::format("delivered {} != http {} + resync {} + opaque {}", a.delivered, a.http, a.resync, sum(a.opaque));
  }
  return {};
}

std::string line_of(const http::Exchange& e) {
  const auto request = http::request_line_of(e.request.head);
  std::string line = e.has_request() ? fmt::format("{} {}", request.method, request.target) : "-";
  if (!e.request.body.bytes.empty()) line += fmt::format(" +{}", e.request.body.bytes.size());
  line += e.status == 0 ? std::string(" -") : fmt::format(" {}", e.status);
  if (!e.response.body.bytes.empty()) line += fmt::format(" +{}", e.response.body.bytes.size());
  for (std::uint8_t flag = 0; flag < http::kFlagCount; ++flag) {
    if (e.flags.has(static_cast<http::Flag>(flag))) line += fmt::format(" {}", name_of(static_cast<http::Flag>(flag)));
  }
  if (e.reason != http::Reason::none) line += fmt::format(" ({})", name_of(e.reason));
  return line;
}

Lines lines_of(const Captured& captured) {
  std::vector<std::string> lines;
  for (const http::Exchange& exchange : captured.exchanges) lines.push_back(line_of(exchange));
  return Lines(std::move(lines));
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace tapedeck::test
