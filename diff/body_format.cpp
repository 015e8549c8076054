#include "diff/body_format.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/json_writer.hpp"

namespace tapedeck::diff {
namespace {

std::string media_type(std::string_view content_type) {
  std::string out(content_type.substr(0, content_type.find(';')));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
  return out;
}

bool is_text(std::string_view body) {
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  if (body.starts_with(kBom)) body.remove_prefix(kBom.size());
  return is_utf8(body) && std::none_of(body.begin(), body.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' &&
                  c != '\x1b';
         });
}

bool begins_like_html(std::string_view inner) {
  std::string front(inner.substr(0, 15));
  for (char& c : front) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return front.starts_with("<!doctype html") || front.starts_with("<html") || front.starts_with("<head") ||
         front.starts_with("<body");
}

}  // namespace

std::string_view name_of(BodyFormat format) {
  constexpr std::array<std::string_view, 6> kNames{"empty", "json", "html", "xml", "text", "binary"};
  return kNames[static_cast<std::size_t>(format)];
}

FormatGuess guess_format(std::string_view content_type, std::string_view body) {
  std::string_view inner = body;
  if (inner.starts_with("\xEF\xBB\xBF")) inner.remove_prefix(3);
  inner.remove_prefix(std::min(inner.find_first_not_of(" \t\r\n"), inner.size()));
  if (body.empty()) return {BodyFormat::empty, false};
  const std::string type = media_type(content_type);
  const bool json = type == "application/json" || type == "text/json" || type.ends_with("+json");
  const char first = inner.empty() ? ' ' : inner.front();
  if (begins_like_html(inner)) return {BodyFormat::html, type == "text/html"};
  if (json && first != '<') return {BodyFormat::json, true};
  if (first == '{' || first == '[') return {BodyFormat::json, false};
  if (first == '<' &&
      (type == "text/xml" || type == "application/xml" || type.ends_with("+xml") || inner.starts_with("<?xml"))) {
    return {BodyFormat::xml, true};
  }
  if (type == "text/html" && first == '<') return {BodyFormat::html, true};
  return {unstructured_format(body), false};
}

BodyFormat unstructured_format(std::string_view body) { return is_text(body) ? BodyFormat::text : BodyFormat::binary; }

}  // namespace tapedeck::diff
