#pragma once
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "format/foreign/har_exporter.hpp"
#include "format/foreign/har_reader.hpp"
#include "tests/format/foreign_fixture.hpp"
#include "tests/support/memory_sink.hpp"

namespace tapedeck::test {

inline ReadForeign import_har(const std::string& document, std::size_t step = 64 * 1024,
                              std::size_t largest = format::kLargestHarEntry) {
  const auto reader = format::read_har(std::make_unique<DrippingStream>(document, step), largest);
  REQUIRE(reader.has_value());
  return read_to_end(**reader);
}

inline std::string har_of(const std::string& entries) {
  return R"({"log":{"version":"1.2","entries":[)" + entries + "]}}";
}

/// The one exchange of a document with this entry.
inline http::Exchange import_entry(const std::string& entry) {
  ReadForeign imported = import_har(har_of(entry));
  REQUIRE_MESSAGE(imported.error.empty(), imported.error);
  REQUIRE(imported.exchanges.size() == 1);
  return std::move(imported.exchanges.front());
}

struct ExportedHar {
  std::string document;
  std::uint64_t written = 0;
  format::Skipped skipped;
};

inline ExportedHar export_har(const std::vector<http::Exchange>& exchanges) {
  const auto bytes = std::make_shared<std::string>();
  MemorySink sink(bytes);
  const auto exporter = format::make_har_exporter(sink, "1.0");
  for (const http::Exchange& exchange : exchanges) REQUIRE(exporter->add(exchange).has_value());
  REQUIRE(exporter->finish().has_value());
  return {*bytes, exporter->written(), exporter->skipped()};
}

}  // namespace tapedeck::test
