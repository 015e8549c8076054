#pragma once
#include <memory>
#include <string>
#include <utility>

#include "format/byte_source.hpp"
#include "format/tape_keys.hpp"

namespace tapedeck::format {

/// A tape's bytes, its name for messages, and what opens its encrypted records.
struct TapeFile {
  TapeFile(std::unique_ptr<ByteSource> from, std::string called, std::optional<TapeKey> key, MissingKey missing)
      : source(std::move(from)), name(std::move(called)), keys(key, missing) {}

  std::unique_ptr<ByteSource> source;
  std::string name;
  TapeKeys keys;
};

}  // namespace tapedeck::format
