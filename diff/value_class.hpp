#pragma once
#include <cstdint>
#include <string_view>

namespace tapedeck::diff {

/// What a text looks like. The first that matches, in this order (docs/comparison.md). A class alone hides nothing.
enum class ValueClass : std::uint8_t {
  none,  // not a text
  empty,
  uuid,
  ulid,
  jwt,
  time_iso,
  time_http,
  ip,
  url,
  email,
  semver,
  json,
  hex,
  base64,
  number_text,
  word,
  text,
};
std::string_view name_of(ValueClass value_class);

ValueClass classify(std::string_view text);

/// Whether `text` could be of this class, without the tests on length and entropy that only guard the first guess.
bool accepts(ValueClass value_class, std::string_view text);

/// Values that a machine makes up anew each time: uuid, ulid, jwt, hex, base64.
bool is_generated(ValueClass value_class);

/// Classes of two texts; equal if one could be of the other's class (a hash that happens to have only digits).
struct ClassPair {
  ValueClass primary = ValueClass::none;
  ValueClass candidate = ValueClass::none;
};
ClassPair classify_pair(std::string_view primary, std::string_view candidate);

}  // namespace tapedeck::diff
