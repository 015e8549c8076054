#pragma once
#include <cstdint>
#include <string_view>

#include "base/error.hpp"

// Why a tape is not read at all, in one line: what, where and what to do.
namespace tapedeck::format {

/// `what` a newer tapedeck wrote at `offset`.
Error newer_version(std::string_view name, std::string_view what, std::uint64_t offset);
Error too_many(std::string_view name, std::string_view what, std::uint64_t limit);
Error key_needed(std::string_view name);
Error wrong_key(std::string_view name);
Error not_a_tape(std::string_view name, std::string_view why);

}  // namespace tapedeck::format
