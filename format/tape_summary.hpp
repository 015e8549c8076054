#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/histogram.hpp"
#include "base/time.hpp"
#include "http/endpoint.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

struct LossTotals {
  std::uint64_t exchanges = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
};

struct EndpointTotals {
  std::uint64_t count = 0;
  std::uint64_t errors = 0;  // status >= 500 or none
  std::uint64_t bytes = 0;   // bodies of both sides
  Histogram latency;         // response last byte - request first byte
};

/// Totals of a tape: written in its SUMMARY, rebuilt from its rows where there is none.
struct TapeSummary {
  std::uint64_t exchanges = 0;
  std::uint64_t bytes = 0;  // of the file
  std::uint32_t segments = 0;
  std::uint32_t sealed = 0;
  bool encrypted = false;
  Time start{};  // least, greatest request first byte; both 0 if there are no exchanges
  Time end{};
  std::map<std::string, std::uint64_t> status_classes;  // none, 1xx ... 5xx
  std::map<std::string, std::uint64_t> methods;
  std::map<std::string, std::uint64_t> flags;
  std::uint64_t request_body_bytes = 0;
  std::uint64_t response_body_bytes = 0;
  std::map<std::string, LossTotals> losses;            // by reason
  std::map<http::Endpoint, EndpointTotals> endpoints;  // at most 1024, then ("", "other")
  std::string recording_note;                          // JSON of the first recording's first note

  void add(const http::Exchange& exchange);
  void merge(const TapeSummary& other);
  std::string to_json() const;  // the fields of `info --json`
};

}  // namespace tapedeck::format
