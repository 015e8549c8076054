#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "format/byte_stream.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// What a conversion left out: how many records (or parts of one) a reason.
using Skipped = std::map<std::string, std::uint64_t, std::less<>>;

/// The next part of a recording: a chunk file, or what follows on a damaged place of one; null behind the last.
using NextStream = std::function<Result<std::unique_ptr<ByteStream>>()>;
/// A recording in one part.
NextStream only_part(std::unique_ptr<ByteStream> part);

/// Another program's recording, read as a stream: memory follows the exchange, never the file. Exchanges carry
/// Flag::imported, their connection and its number (from 1, unique among the readers of an import); ids are not kept.
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
