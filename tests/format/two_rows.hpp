#pragma once
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/format/tape_fixture.hpp"

namespace tapedeck::test {

/// Writes generated exchanges in one row or in two, their bodies whole or in parts, several at a time.
class TwoRowWriter {
 public:
  TwoRowWriter(std::uint32_t seed, format::TapeWriter& writer) : x_random(seed), x_writer(writer) {}

  void take(http::Exchange exchange, Time now) {
    if (exchange.has_request() && one_in(2)) {
      open(std::move(exchange), now);
    } else {
      format::StreamedBodies streamed{stream(exchange, http::Side::request, now),
                                      stream(exchange, http::Side::response, now)};
      exchange.id = *x_writer.append(without(exchange, streamed), now, streamed);
      x_done.push_back(std::move(exchange));
    }
    while (!x_open.empty() && (x_open.size() > 20 || one_in(3))) complete(now);
  }

  std::vector<http::Exchange> finish(Time now) {
    while (!x_open.empty()) complete(now);
    std::sort(x_done.begin(), x_done.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return std::move(x_done);
  }

 private:
  struct Open {
    http::Exchange exchange;
    format::StreamedBodies streamed;
    std::string rest;  // of the request's body
  };

  bool one_in(unsigned n) { return x_random() % n == 0; }

  static http::Exchange without(const http::Exchange& exchange, const format::StreamedBodies& streamed) {
    http::Exchange rest = exchange;
    if (streamed.request != 0) rest.request.body.bytes.clear();
    if (streamed.response != 0) rest.response.body.bytes.clear();
    return rest;
  }

  /// All of a body in parts of any size; the last is not always said to be.
  format::BlobNumber stream(http::Exchange& exchange, http::Side side, Time now) {
    if (message_of(exchange, side).body.state != http::BodyState::kept || !one_in(3)) return 0;
    const format::BlobNumber number = x_writer.begin_body();
    std::string rest = message_of(exchange, side).body.bytes;
    while (!rest.empty()) {
      const std::size_t n = 1 + x_random() % rest.size();
      REQUIRE(x_writer.append_body(number, format::part_of(exchange, side, rest.substr(0, n)), now).has_value());
      rest.erase(0, n);
    }
    if (one_in(2)) {
      format::BodyPart last = format::part_of(exchange, side, {});
      last.last = true;
      REQUIRE(x_writer.append_body(number, std::move(last), now).has_value());
    }
    return number;
  }

  void open(http::Exchange exchange, Time now) {
    Open made{std::move(exchange), {}, {}};
    http::Exchange first = made.exchange;
    first.response = {};
    first.status = 0;
    if (first.request.body.state == http::BodyState::kept && one_in(2)) {
      const std::size_t n = first.request.body.bytes.empty() ? 0 : x_random() % first.request.body.bytes.size();
      made.rest = first.request.body.bytes.substr(n);
      made.streamed.request = x_writer.begin_body();
      auto begun = format::part_of(first, http::Side::request, first.request.body.bytes.substr(0, n));
      if (n > 0) REQUIRE(x_writer.append_body(made.streamed.request, std::move(begun), now).has_value());
      first.request.body.bytes.clear();
    }
    made.exchange.id = *x_writer.open(first, now, made.streamed);
    x_open.push_back(std::move(made));
  }

  void complete(Time now) {
    const std::size_t which = x_random() % x_open.size();
    Open one = std::move(x_open[which]);
    x_open.erase(x_open.begin() + static_cast<std::ptrdiff_t>(which));
    if (!one.rest.empty()) {
      auto rest = format::part_of(one.exchange, http::Side::request, std::move(one.rest));
      REQUIRE(x_writer.append_body(one.streamed.request, std::move(rest), now).has_value());
    }
    one.streamed.response = stream(one.exchange, http::Side::response, now);
    http::Exchange last = without(one.exchange, one.streamed);
    last.request.head.clear();
    REQUIRE(x_writer.complete(one.exchange.id, last, now, one.streamed).has_value());
    x_done.push_back(std::move(one.exchange));
  }

  std::mt19937 x_random;
  format::TapeWriter& x_writer;
  std::vector<Open> x_open;
  std::vector<http::Exchange> x_done;
};

/// As write_tape(), some exchanges in two rows.
inline WrittenTape write_two_rows(std::uint32_t seed, std::size_t n, const format::TapeOptions& options) {
  WrittenTape tape;
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), options, kNow);
  REQUIRE(writer.has_value());
  ExchangeGenerator generator(seed);
  TwoRowWriter rows(seed, *writer);
  for (std::size_t i = 0; i < n; ++i) {
    rows.take(generator.next(), generator.watermark());
    REQUIRE(writer->tick(generator.watermark(), generator.watermark()).has_value());
  }
  tape.exchanges = rows.finish(generator.watermark());
  REQUIRE(writer->seal(kNow).has_value());
  tape.bytes = *bytes;
  check_zstd(tape.bytes);
  return tape;
}

}  // namespace tapedeck::test
