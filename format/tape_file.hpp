#pragma once
#include <memory>
#include <string>
#include <utility>

#include "format/byte_source.hpp"
#include "format/stored_body.hpp"
#include "format/tape_keys.hpp"

namespace tapedeck::format {

/// A tape's bytes, its name for messages, what opens its encrypted records, and how large a body may come whole.
struct TapeFile {
  TapeFile(std::unique_ptr<ByteSource> from, std::string called, std::optional<TapeKey> key, MissingKey missing,
           BodyLimits limits = {})
      : source(std::move(from)), name(std::move(called)), keys(key, missing), bodies(limits) {}

  std::unique_ptr<ByteSource> source;
  std::string name;
  TapeKeys keys;
  BodyLimits bodies;
};

}  // namespace tapedeck::format
