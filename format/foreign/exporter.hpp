#pragma once
#include <cstdint>

#include "base/error.hpp"
#include "format/foreign/foreign_reader.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// Writes exchanges in another program's format, one at a time as they come: memory follows the exchange.
class Exporter {
 public:
  virtual ~Exporter() = default;
  /// Bodies must have been loaded. What the format cannot hold is left out and counted.
  virtual Result<void> add(const http::Exchange& exchange) = 0;
  /// The document's end; nothing may be added then.
  virtual Result<void> finish() = 0;
  /// Exchanges that are in the document, whole or in part.
  virtual std::uint64_t written() const = 0;
  virtual const Skipped& skipped() const = 0;
};

}  // namespace tapedeck::format
