#include "diff/noise.hpp"

#include <algorithm>

namespace tapedeck::diff {

std::optional<std::string_view> noise_source(const CellKey& key, const Cell& cell) {
  if (key.kind == Kind::now) return "now";
  if (key.kind != Kind::value) return std::nullopt;
  if (cell.values.generated(cell.pairs)) return "generated";
  if (cell.values.counter()) return "counter";
  return std::nullopt;
}

std::unordered_set<std::uint64_t> noisy_cells(const Aggregate& all) {
  std::unordered_set<std::uint64_t> noisy;
  for (const auto& [key, cell] : all.cells()) {
    if (noise_source(key, cell)) noisy.insert(fingerprint_number(key));
  }
  return noisy;
}

bool counts(const Aggregate::Signature& signature, const std::unordered_set<std::uint64_t>& noisy) {
  return std::any_of(signature.begin(), signature.end(), [&](std::uint64_t cell) { return !noisy.contains(cell); });
}

}  // namespace tapedeck::diff
