#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// What a conversion left out: how many records (or parts of one) a reason.
using Skipped = std::map<std::string, std::uint64_t, std::less<>>;

/// Another program's recording, read as a stream: memory follows the exchange, never the file. Exchanges carry
/// Flag::imported, their connection and its number (from 1, unique within this reader); ids are not kept.
class ForeignReader {
 public:
  virtual ~ForeignReader() = default;
  /// The next exchange, in the file's order; nothing at the end. What is damaged is skipped and counted; an error means
  /// that nothing more can be read (the source failed, or the document is broken beyond this place).
  virtual Result<std::optional<http::Exchange>> next() = 0;
  virtual const Skipped& skipped() const = 0;
  /// Whether something skipped could not be read, as against what has no place on a tape.
  virtual bool damaged() const { return false; }
};

}  // namespace tapedeck::format
