#pragma once
#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "format/footers.hpp"

namespace tapedeck::format {

/// An epoch of a sealed tape, by its places in the lists there.
struct EpochRef {
  std::size_t segment = 0;
  std::size_t epoch = 0;
};

/// Where the chunks of a sealed tape are, by its INDEXes. Nothing at the first surprise: then only a scan can tell.
Result<std::optional<ScanResult>> read_indexes(const TapeFile& file, const SealedTape& tape);
/// The same for one epoch: the map has no other chunks.
Result<std::optional<ScanResult>> read_index(const TapeFile& file, const SealedTape& tape, EpochRef only);

}  // namespace tapedeck::format
