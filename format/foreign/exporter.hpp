#pragma once
#include <cstdint>
#include <utility>

#include "base/error.hpp"
#include "format/foreign/foreign_reader.hpp"
#include "format/stored_body.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// Writes exchanges in another program's format, one at a time as they come: memory follows the exchange.
class Exporter {
 public:
  virtual ~Exporter() = default;
  /// Bodies must have been loaded. What the format cannot hold is left out and counted.
  virtual Result<void> add(const http::Exchange& exchange) = 0;
  /// Large bodies may still be on their tape. Here they are loaded after all; who can write them in pieces does.
  virtual Result<void> add_stored(StoredExchange stored, const ReadBody& read) {
    const auto whole = load_left(std::move(stored), read);
    return whole ? add(*whole) : whole.error();
  }
  /// The document's end; nothing may be added then.
  virtual Result<void> finish() = 0;
  /// Exchanges that are in the document, whole or in part.
  virtual std::uint64_t written() const = 0;
  virtual const Skipped& skipped() const = 0;
};

}  // namespace tapedeck::format
