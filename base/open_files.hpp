#pragma once
#include <cstdint>

namespace tapedeck {

/// Raises the limit of open files to its hard limit (the one that a shell starts with is for other times). How many are
/// allowed then; as far as can be told.
std::uint64_t raise_open_files_limit();

}  // namespace tapedeck
