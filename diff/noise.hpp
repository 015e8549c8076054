#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "diff/aggregate.hpp"

namespace tapedeck::diff {

/// Why the differences of a cell are noise, from their shape alone: `generated`, `counter`, `now`; nothing if they
/// count.
std::optional<std::string_view> noise_source(const CellKey& key, const Cell& cell);

/// Fingerprints of all cells that are noise.
std::unordered_set<std::uint64_t> noisy_cells(const Aggregate& all);

/// Whether a pair with these cells differs in something that is no noise.
bool counts(const Aggregate::Signature& signature, const std::unordered_set<std::uint64_t>& noisy);

}  // namespace tapedeck::diff
