#include "http/endpoint.hpp"

#include <algorithm>
#include <cctype>

#include "http/url.hpp"

namespace tapedeck::http {
namespace {

// Beyond these a path says no more about its endpoint, and templates stay small whatever clients send.
constexpr std::size_t kMaxSegments = 32;
constexpr std::size_t kMaxLiteral = 64;
constexpr std::size_t kShortestHex = 8;
constexpr std::size_t kShortestToken = 16;
constexpr int kTokenTurns = 4;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

/// `pattern`: 0 a digit, x a hex digit, anything else itself.
bool has_shape(std::string_view text, std::string_view pattern) {
  return std::ranges::equal(text, pattern, [](char c, char p) {
    if (p == '0') return is_digit(c);
    return p == 'x' ? is_hex(c) : c == p;
  });
}

/// `42`, `-1`, `1,2,3`
bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return false;
  return std::ranges::all_of(text, [](char c) { return is_digit(c) || c == ','; });
}

bool is_uuid(std::string_view text) { return has_shape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"); }

/// `2026-01-31`, with or without a time behind it.
bool is_date(std::string_view text) {
  if (!has_shape(text.substr(0, 10), "0000-00-00")) return false;
  return text.size() == 10 || ((text[10] == 'T' || text[10] == 't') && text.size() > 11 && is_digit(text[11]));
}

/// With digits and letters: a word such as `defaced` is none, and digits alone are an integer.
bool is_hex_id(std::string_view text) {
  return text.size() >= kShortestHex && std::ranges::all_of(text, is_hex) && std::ranges::any_of(text, is_digit);
}

bool is_email(std::string_view text) {
  auto at = text.find('@');
  std::size_t length = 1;
  if (at == text.npos) {
    at = text.find("%40");
    length = 3;
  }
  return at != text.npos && at != 0 && text.find('.', at + length) != text.npos;
}

/// A long mix of letters and digits. Turns between them tell a token from a slug such as `top-10-books-of-2024`.
bool is_token(std::string_view text) {
  if (text.size() < kShortestToken) return false;
  int turns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_digit(c) && !is_letter(c) && std::string_view("-_.~=").find(c) == std::string_view::npos) return false;
    if (i == 0) continue;
    if ((is_digit(c) && is_letter(text[i - 1])) || (is_letter(c) && is_digit(text[i - 1]))) ++turns;
  }
  return turns >= kTokenTurns;
}

/// Empty if the text is what it says.
std::string_view shape_of(std::string_view text) {
  if (is_integer(text)) return "{id}";
  if (is_uuid(text)) return "{uuid}";
  if (is_date(text)) return "{date}";
  if (is_hex_id(text)) return "{hex}";
  if (is_email(text)) return "{email}";
  if (is_token(text) || text.size() > kMaxLiteral) return "{token}";
  return {};
}

void append_segment(std::string& out, std::string_view segment) {
  if (const std::string_view shape = shape_of(segment); !shape.empty()) {
    out += shape;
    return;
  }
  // `42.json` is `{id}.json`: a name with an extension of few letters.
  const auto dot = segment.rfind('.');
  if (dot != segment.npos && dot != 0) {
    const std::string_view extension = segment.substr(dot + 1);
    const std::string_view shape = shape_of(segment.substr(0, dot));
    if (!shape.empty() && extension.size() <= 5 && !extension.empty() && is_letter(extension.front())) {
      out.append(shape).append(1, '.').append(extension);
      return;
    }
  }
  out += segment;
}

}  // namespace

std::string template_of(std::string_view target) {
  std::string_view path = split_target(target).path;
  std::string out;
  for (std::size_t segments = 0; segments < kMaxSegments; ++segments) {
    const auto slash = path.find('/');
    append_segment(out, path.substr(0, slash));
    if (slash == path.npos) return out;
    out += '/';
    path.remove_prefix(slash + 1);
  }
  return out += "...";
}

std::string to_string(const Endpoint& endpoint) { return endpoint.method + ' ' + endpoint.path_template; }

Endpoint endpoint_of(std::string_view method, std::string_view target) {
  return {std::string(method), template_of(target)};
}

}  // namespace tapedeck::http
