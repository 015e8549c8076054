#pragma once
#include <cstdint>
#include <string>

#include "diff/conclusion.hpp"

namespace tapedeck::diff {

/// `4.2 %`, `0.037 %`: two significant digits at least.
std::string percent(double share);
/// `8,120`
std::string grouped(std::uint64_t number);
/// `body:/items/*/price`, `header:vary/origin`, `status`.
std::string where(const CellKey& key);
/// `body:/items/*/price number -> string`, `header:location/path has another value`.
std::string what(const CellKey& key);
/// `GET /orders/{id} 200: ... in 4.2 % [3.6, 4.9] of 8,120`
std::string sentence_of(const CellKey& key, std::uint64_t count, std::uint64_t of);

}  // namespace tapedeck::diff
