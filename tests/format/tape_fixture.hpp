#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "format/tape_reader.hpp"
#include "format/tape_writer.hpp"
#include "tests/format/zstd_stream.hpp"
#include "tests/support/memory_sink.hpp"
#include "tests/support/random_exchange.hpp"

namespace tapedeck::test {

inline constexpr http::RecordingId kRecording{0x3f, 0x9c, 0x0a, 0x1b, 1, 2, 3, 4, 5, 6, 7, 8};
inline constexpr Time kNow = time_from_ns(1'700'000'000'000'000'000);

inline format::TapeOptions small_chunks(unsigned workers = 0) {
  format::TapeOptions options;
  options.workers = workers;
  options.chunk = 64_KiB;
  options.recording = kRecording;
  return options;
}

struct WrittenTape {
  std::string bytes;
  std::vector<http::Exchange> exchanges;  // as given, ids filled in
};

enum class Sealed : std::uint8_t { no, yes };

/// Writes n exchanges of the generator, a tick with its watermark after each.
inline WrittenTape write_tape(ExchangeGenerator generator, std::size_t n, const format::TapeOptions& options,
                              Sealed sealed = Sealed::yes) {
  WrittenTape tape;
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), options, kNow);
  REQUIRE(writer.has_value());
  format::Note first;
  first.json = R"({"tool":"test"})";
  REQUIRE(writer->note(first, kNow).has_value());
  for (std::size_t i = 0; i < n; ++i) {
    http::Exchange exchange = generator.next();
    const auto id = writer->append(exchange, generator.watermark());
    REQUIRE(id.has_value());
    exchange.id = *id;
    tape.exchanges.push_back(std::move(exchange));
    REQUIRE(writer->tick(generator.watermark(), generator.watermark()).has_value());
  }
  if (sealed == Sealed::yes) REQUIRE(writer->seal(kNow).has_value());
  tape.bytes = *bytes;
  if (sealed == Sealed::yes) check_zstd(tape.bytes);
  return tape;
}

inline std::vector<http::Exchange> read_all(format::TapeReader& reader, format::TimeRange range = {},
                                            format::Bodies bodies = format::Bodies::load) {
  std::vector<http::Exchange> all;
  auto cursor = reader.in_time_order(range, bodies);
  for (;;) {
    auto exchange = cursor.next();
    REQUIRE(exchange.has_value());
    if (!*exchange) return all;
    all.push_back(std::move(**exchange));
  }
}

inline format::TapeReader open_bytes(const std::string& bytes) {
  auto reader = format::TapeReader::open(format::memory_source(bytes));
  REQUIRE_MESSAGE(reader.has_value(), (reader ? std::string() : reader.error().message));
  return std::move(*reader);
}

inline bool equal(const http::Exchange& a, const http::Exchange& b) {
  const bool same_connection =
      a.connection && b.connection ? *a.connection == *b.connection : a.connection == b.connection;
  return a.id == b.id && same_connection && a.sequence == b.sequence && a.stream == b.stream &&
         a.version == b.version && a.status == b.status && a.flags == b.flags && a.reason == b.reason &&
         a.request == b.request && a.response == b.response && a.interim == b.interim && a.gaps == b.gaps &&
         a.rules == b.rules;
}

inline Time first_byte(const http::Exchange& e) { return e.has_request() ? e.request.first : e.response.first; }

inline std::vector<http::Exchange> in_time_order(std::vector<http::Exchange> exchanges) {
  std::stable_sort(exchanges.begin(), exchanges.end(),
                   [](const http::Exchange& a, const http::Exchange& b) { return first_byte(a) < first_byte(b); });
  return exchanges;
}

inline void check_equal(const std::vector<http::Exchange>& read, const std::vector<http::Exchange>& expected) {
  REQUIRE(read.size() == expected.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    CAPTURE(i);
    REQUIRE(equal(read[i], expected[i]));
  }
}

}  // namespace tapedeck::test
