#pragma once
#include "base/error.hpp"

namespace tapedeck::format {

enum class errc {
  not_a_tape = 1,
  newer_version,
  damaged,
  key_needed,
  wrong_key,
  limit_exceeded,
  not_found,
  not_supported
};

error_code make_error_code(errc code);

}  // namespace tapedeck::format

template <>
struct boost::system::is_error_code_enum<tapedeck::format::errc> : std::true_type {};
