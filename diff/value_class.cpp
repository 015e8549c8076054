#include "diff/value_class.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "diff/time_text.hpp"

namespace tapedeck::diff {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

// Crockford's base 32 of 128 bits: 26 characters, the first at most 7. All digits would be a number.
bool is_ulid(std::string_view text) {
  if (text.size() != 26 || text[0] < '0' || text[0] > '7' || all(text, is_digit)) return false;
  return all(text, [](char c) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return is_alnum(upper) && upper != 'I' && upper != 'L' && upper != 'O' && upper != 'U';
  });
}

bool is_base64url(char c) { return is_alnum(c) || c == '-' || c == '_'; }

// Three dotted base64url parts, the first an encoded `{"`.
bool is_jwt(std::string_view text) {
  if (!text.starts_with("eyJ")) return false;
  int dots = 0;
  for (const char c : text) {
    if (c == '.')
      ++dots;
    else if (!is_base64url(c))
      return false;
  }
  return dots == 2;
}

bool is_ipv4(std::string_view text) {
  int parts = 0;
  while (true) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || part.size() > 3 || !all(part, is_digit)) return false;
    int number = 0;
    for (const char c : part) number = number * 10 + (c - '0');
    if (number > 255) return false;
    ++parts;
    if (dot == text.size()) return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

bool is_ipv6(std::string_view text) {
  if (text.size() < 2 || text.size() > 45 || std::count(text.begin(), text.end(), ':') < 2) return false;
  return all(text, [](char c) { return is_hex(c) || c == ':' || c == '.'; });
}

bool is_url(std::string_view text) {
  const bool scheme = text.starts_with("http://") || text.starts_with("https://") || text.starts_with("ws://") ||
                      text.starts_with("wss://");
  return scheme && text.size() > text.find("//") + 2 &&
         all(text, [](char c) { return static_cast<unsigned char>(c) > 0x20; });
}

bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || text.size() > 254) return false;
  const std::string_view domain = text.substr(at + 1);
  const std::size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == domain.size()) return false;
  return all(domain, [](char c) { return is_alnum(c) || c == '.' || c == '-'; }) &&
         all(text.substr(0, at), [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != '@'; });
}

bool is_semver(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  for (int part = 0; part < 3; ++part) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    if (digits == 0 || digits > 9) return false;
    text.remove_prefix(digits);
    if (part == 2) break;
    if (!text.starts_with('.')) return false;
    text.remove_prefix(1);
  }
  if (text.empty()) return true;
  return (text[0] == '-' || text[0] == '+') && text.size() > 1 &&
         all(text, [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '+'; });
}

bool looks_like_json(std::string_view text) {
  return text.size() >= 2 &&
         ((text.front() == '{' && text.back() == '}') || (text.front() == '[' && text.back() == ']'));
}

bool is_hex_text(std::string_view text) { return !text.empty() && all(text, is_hex); }

bool is_base64_text(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() && all(text, [](char c) { return is_base64url(c) || c == '+' || c == '/'; });
}

double bits_per_character(std::string_view text) {
  std::array<std::size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  const auto size = static_cast<double>(text.size());
  for (const std::size_t n : counts) {
    if (n != 0) bits -= static_cast<double>(n) / size * std::log2(static_cast<double>(n) / size);
  }
  return bits;
}

// A generated value mixes letters and digits (or upper and lower case); `internationalisation` does not.
bool looks_random(std::string_view text) {
  if (text.size() < 16) return false;
  const bool digits = std::any_of(text.begin(), text.end(), is_digit);
  const bool letters = std::any_of(text.begin(), text.end(), is_alpha);
  const bool upper = std::any_of(text.begin() + 1, text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool lower = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return ((digits && letters) || (upper && lower)) && bits_per_character(text) >= 3;
}

bool is_number_text(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  int dots = 0;
  for (const char c : text) {
    if (c == '.' || c == ',')
      ++dots;
    else if (!is_digit(c))
      return false;
  }
  return !text.empty() && is_digit(text.front()) && is_digit(text.back()) && dots <= 1;
}

bool is_word(std::string_view text) {
  return all(text, [](char c) { return is_alnum(c) || c == '_' || c == '-' || static_cast<unsigned char>(c) >= 0x80; });
}

}  // namespace

std::string_view name_of(ValueClass value_class) {
  constexpr std::array<std::string_view, 17> kNames{"none",      "empty",  "uuid",        "ulid",  "jwt",    "time_iso",
                                                    "time_http", "ip",     "url",         "email", "semver", "json",
                                                    "hex",       "base64", "number_text", "word",  "text"};
  return kNames[static_cast<std::size_t>(value_class)];
}

bool is_generated(ValueClass value_class) {
  return value_class == ValueClass::uuid || value_class == ValueClass::ulid || value_class == ValueClass::jwt ||
         value_class == ValueClass::hex || value_class == ValueClass::base64;
}

bool accepts(ValueClass value_class, std::string_view text) {
  switch (value_class) {
    case ValueClass::none: return false;
    case ValueClass::empty: return text.empty();
    case ValueClass::uuid: return is_uuid(text);
    case ValueClass::ulid: return is_ulid(text);
    case ValueClass::jwt: return is_jwt(text);
    case ValueClass::time_iso: return parse_iso_time(text).has_value();
    case ValueClass::time_http: return parse_http_date(text).has_value();
    case ValueClass::ip: return is_ipv4(text) || is_ipv6(text);
    case ValueClass::url: return is_url(text);
    case ValueClass::email: return is_email(text);
    case ValueClass::semver: return is_semver(text);
    case ValueClass::json: return looks_like_json(text);
    case ValueClass::hex: return text.size() >= 16 && is_hex_text(text);
    case ValueClass::base64: return text.size() >= 16 && is_base64_text(text);
    case ValueClass::number_text: return is_number_text(text);
    case ValueClass::word: return is_word(text);
    case ValueClass::text: return true;
  }
  return false;
}

ValueClass classify(std::string_view text) {
  constexpr std::array kInOrder{ValueClass::empty,    ValueClass::uuid,      ValueClass::ulid, ValueClass::jwt,
                                ValueClass::time_iso, ValueClass::time_http, ValueClass::ip,   ValueClass::url,
                                ValueClass::email,    ValueClass::semver,    ValueClass::json};
  for (const ValueClass value_class : kInOrder) {
    if (accepts(value_class, text)) return value_class;
  }
  if (looks_random(text) && is_hex_text(text)) return ValueClass::hex;
  if (looks_random(text) && is_base64_text(text)) return ValueClass::base64;
  if (is_number_text(text)) return ValueClass::number_text;
  return is_word(text) ? ValueClass::word : ValueClass::text;
}

ClassPair classify_pair(std::string_view primary, std::string_view candidate) {
  const auto prose = [](ValueClass c) { return c == ValueClass::word || c == ValueClass::text; };
  const ClassPair pair{classify(primary), classify(candidate)};
  if (pair.primary == pair.candidate) return pair;
  if (prose(pair.primary) && prose(pair.candidate)) return {ValueClass::text, ValueClass::text};
  if (!prose(pair.primary) && accepts(pair.primary, candidate)) return {pair.primary, pair.primary};
  if (!prose(pair.candidate) && accepts(pair.candidate, primary)) return {pair.candidate, pair.candidate};
  return pair;
}

}  // namespace tapedeck::diff
