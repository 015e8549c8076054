#include "diff/json_scalar.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include <xxhash.h>

namespace tapedeck::diff {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return n;
}

/// A number token cut into its parts.
struct Parts {
  bool negative = false;
  std::string_view whole, fraction, exponent;  // exponent with its sign
};

std::optional<Parts> split_number(std::string_view token) {
  Parts parts;
  if (token.starts_with('-')) {
    parts.negative = true;
    token.remove_prefix(1);
  }
  parts.whole = token.substr(0, count_digits(token));
  token.remove_prefix(parts.whole.size());
  if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole[0] == '0')) return std::nullopt;
  if (token.starts_with('.')) {
    token.remove_prefix(1);
    parts.fraction = token.substr(0, count_digits(token));
    token.remove_prefix(parts.fraction.size());
    if (parts.fraction.empty()) return std::nullopt;
  }
  if (token.starts_with('e') || token.starts_with('E')) {
    parts.exponent = token.substr(1);
    const std::size_t sign = parts.exponent.starts_with('-') || parts.exponent.starts_with('+') ? 1 : 0;
    const std::size_t digits = count_digits(parts.exponent.substr(sign));
    if (digits == 0 || sign + digits != parts.exponent.size()) return std::nullopt;
    token.remove_prefix(1 + parts.exponent.size());
  }
  if (!token.empty()) return std::nullopt;
  return parts;
}

constexpr std::size_t kMaxExponentDigits = 15;

std::optional<std::int64_t> exponent_of(std::string_view text) {
  if (text.empty()) return 0;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  while (text.size() > 1 && text[0] == '0') text.remove_prefix(1);
  if (text.size() > kMaxExponentDigits) return std::nullopt;
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return negative ? -number : number;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The four hex digits at the front of `text`, or -1.
int hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  int code = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  return code;
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// Behind `\u`: how many characters of `text` it took, 0 if it is no escape.
std::size_t append_unicode_escape(std::string_view text, std::string& out) {
  const int high = hex4(text);
  if (high < 0) return 0;
  if (high >= 0xD800 && high < 0xDC00 && text.substr(4).starts_with("\\u")) {
    const int low = hex4(text.substr(6));
    if (low >= 0xDC00 && low < 0xE000) {
      append_utf8(
          0x10000 + ((static_cast<std::uint32_t>(high) - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00),
          out);
      return 10;
    }
  }
  append_utf8(static_cast<std::uint32_t>(high), out);
  return 4;
}

bool append_escape(char c, std::string& out) {
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  const std::size_t at = kFrom.find(c);
  if (at == std::string_view::npos) return false;
  out += kTo[at];
  return true;
}

double to_double(std::string_view token) {
  double number = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
  return error == std::errc{} ? number : std::nan("");
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view token) {
  const auto parts = split_number(token);
  if (!parts) return std::nullopt;
  Decimal out{parts->negative, std::string(parts->whole), 0};
  out.digits += parts->fraction;
  const std::size_t outer = std::min(out.digits.find_first_not_of('0'), out.digits.size());
  out.digits.erase(0, outer);
  out.digits.erase(out.digits.find_last_not_of('0') + 1);
  if (out.digits.empty()) return Decimal{};
  const auto exponent = exponent_of(parts->exponent);
  if (!exponent) return Decimal{parts->negative, std::string(token), 0};
  out.exponent = *exponent + static_cast<std::int64_t>(parts->whole.size()) - static_cast<std::int64_t>(outer);
  return out;
}

bool differs_by_rounding(std::string_view a, std::string_view b) {
  if (a.find_first_of(".eE") == std::string_view::npos && b.find_first_of(".eE") == std::string_view::npos)
    return false;
  const double x = to_double(a);
  const double y = to_double(b);
  if (!std::isfinite(x) || !std::isfinite(y)) return false;
  return std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y));
}

bool unescape_json(std::string_view in, std::string& out) {
  while (!in.empty()) {
    const std::size_t plain = std::min(in.find('\\'), in.size());
    out += in.substr(0, plain);
    in.remove_prefix(plain);
    if (in.empty()) return true;
    if (in.size() < 2) return false;
    if (in[1] != 'u') {
      if (!append_escape(in[1], out)) return false;
      in.remove_prefix(2);
      continue;
    }
    const std::size_t taken = append_unicode_escape(in.substr(2), out);
    if (taken == 0) return false;
    in.remove_prefix(2 + taken);
  }
  return true;
}

std::optional<std::uint64_t> hash_number(std::string_view token, std::uint64_t seed) {
  const auto decimal = parse_decimal(token);
  if (!decimal) return std::nullopt;
  std::uint64_t hash = XXH3_64bits_withSeed(decimal->digits.data(), decimal->digits.size(), seed);
  const std::uint64_t rest[2] = {hash, static_cast<std::uint64_t>(decimal->exponent) * 2 + (decimal->negative ? 1 : 0)};
  return XXH3_64bits_withSeed(rest, sizeof rest, seed ^ 'n');
}

std::optional<std::uint64_t> hash_string(std::string_view text, std::uint64_t seed, std::string& scratch) {
  if (std::memchr(text.data(), '\\', text.size()) == nullptr) {
    return XXH3_64bits_withSeed(text.data(), text.size(), seed ^ 's');
  }
  scratch.clear();
  if (!unescape_json(text, scratch)) return std::nullopt;
  return XXH3_64bits_withSeed(scratch.data(), scratch.size(), seed ^ 's');
}

}  // namespace tapedeck::diff
