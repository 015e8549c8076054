#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "format/summary_json.hpp"
#include "format/tape_reader.hpp"
#include "format/tape_store.hpp"

namespace tapedeck::format {

/// What is gone of an exchange that is not lost.
struct Degraded {
  bool request_body = false;
  bool response_body = false;
  bool response_head = false;
  bool connection = false;
  bool trailers = false;  // and interim heads
  bool gaps = false;      // and rules
  bool id = false;        // its origin: the id is that of this recording instead

  void count(std::map<std::string, std::uint64_t>& counts) const;
};

struct BuiltExchange {
  http::Exchange exchange;
  bool lost = false;  // the request head is gone: nothing of the exchange is used
  bool completion_lost = false;
  Degraded degraded;
  KeptBytes kept;
  std::array<BodyRef, 2> left;  // by side: large bodies that stay on the tape
  std::uint32_t recording = 0;  // that holds the row: its place in the map
};

/// A row with an ordinal as an exchange, with what it refers to elsewhere in the tape: its completion row too. An
/// exchange that was never completed is cut off, without a response. The chunk's rows are there.
Result<BuiltExchange> build_exchange(TapeStore& store, const std::shared_ptr<const DecodedChunk>& chunk,
                                     std::uint32_t row, Bodies bodies);

}  // namespace tapedeck::format
