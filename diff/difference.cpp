#include "diff/difference.hpp"

#include <array>

namespace tapedeck::diff {

std::string_view name_of(Location location) {
  constexpr std::array<std::string_view, 6> kNames{"exchange", "status", "header", "trailer", "cookie", "body"};
  return kNames[static_cast<std::size_t>(location)];
}

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 15> kNames{"no_answer", "status",        "format", "unparsable", "missing",
                                                    "type",      "duplicate_key", "value",  "class",      "order",
                                                    "text",      "bytes",         "added",  "rounding",   "now"};
  return kNames[static_cast<std::size_t>(kind)];
}

Severity severity_of(Kind kind) {
  if (kind <= Kind::duplicate_key) return Severity::high;
  return kind <= Kind::bytes ? Severity::medium : Severity::low;
}

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames{"high", "medium", "low"};
  return kNames[static_cast<std::size_t>(severity)];
}

}  // namespace tapedeck::diff
