#pragma once
#include <cstdint>
#include <string_view>

namespace tapedeck::diff {

/// What a decoded body is, before it is parsed.
enum class BodyFormat : std::uint8_t { empty, json, html, xml, text, binary };
std::string_view name_of(BodyFormat format);

struct FormatGuess {
  BodyFormat format = BodyFormat::empty;
  bool declared = false;  // the Content-Type says so: JSON that does not parse is broken JSON, not text
};
/// By Content-Type, checked against the first bytes.
FormatGuess guess_format(std::string_view content_type, std::string_view body);
/// text or binary.
BodyFormat unstructured_format(std::string_view body);

}  // namespace tapedeck::diff
