#pragma once
#include <string_view>

namespace tapedeck::format {

/// Whether bytes look like random ones, as compressed or encrypted data do: then compressing them again is in vain.
/// Looks at 256 of them at most, spread evenly. Of fewer than 256 bytes it says no.
bool looks_incompressible(std::string_view bytes);

}  // namespace tapedeck::format
