#include "format/refusals.hpp"

#include <fmt/format.h>

#include "format/format_error.hpp"
#include "format/layout.hpp"

namespace tapedeck::format {

Error newer_version(std::string_view name, std::string_view what, std::uint64_t offset) {
  return make_error(errc::newer_version,
                    fmt::format("{}: needs a newer tapedeck: {} at byte {} (this one reads tape layout {}.{}): read it "
                                "with the version that wrote it, or a later one",
                                name, what, offset, kMajor, kMinor));
}

Error too_many(std::string_view name, std::string_view what, std::uint64_t limit) {
  return make_error(errc::limit_exceeded,
                    fmt::format("{}: holds more than {} {}: read its segments one by one", name, limit, what));
}

Error key_needed(std::string_view name) {
  return make_error(errc::key_needed,
                    std::string(name) + ": encrypted: give the key it was written with, --key-file FILE");
}

Error wrong_key(std::string_view name) {
  return make_error(errc::wrong_key, std::string(name) +
                                         ": encrypted with another key than --key-file holds: give the "
                                         "one it was written with");
}

Error not_a_tape(std::string_view name, std::string_view why) {
  return make_error(errc::not_a_tape, std::string(name) + ": not a tape (" + std::string(why) +
                                          "): give a file that `tapedeck record` or `tapedeck import` wrote");
}

}  // namespace tapedeck::format
