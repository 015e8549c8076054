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
  /// Large bodies may still be on their tape. What the format cannot hold is left out and counted.
  virtual Result<void> add_stored(StoredExchange stored, const ReadBody& read) = 0;
  /// One whose bodies are loaded.
  Result<void> add(http::Exchange exchange) { return add_stored({std::move(exchange), {}}, {}); }
  /// The document's end; nothing may be added then.
  virtual Result<void> finish() = 0;
  /// Exchanges that are in the document, whole or in part.
  virtual std::uint64_t written() const = 0;
  virtual const Skipped& skipped() const = 0;
};

}  // namespace tapedeck::format
